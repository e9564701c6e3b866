// Makes PFX files with BouncyCastle: java -cp 'JARS/*' Bc.java ec.p12 OUT. The password is `test`.
import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.*;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.crypto.util.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.pkcs.*;
import org.bouncycastle.pkcs.bc.*;
import org.bouncycastle.pkcs.jcajce.*;

class Bc {
    static final char[] PASSWORD = "test".toCharArray();
    static Path out;

    public static void main(String[] a) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        out = Path.of(a[1]);
        KeyStore from = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(a[0])) { from.load(in, PASSWORD); }
        String alias = from.aliases().nextElement();
        PrivateKey key = (PrivateKey) from.getKey(alias, PASSWORD);
        java.security.cert.Certificate[] chain = from.getCertificateChain(alias);
        for (String kind : new String[] {"PKCS12", "PKCS12-3DES-3DES", "PKCS12-AES256-AES128", "PKCS12-AES256-AES128-GCM", "PKCS12-PBMAC1"}) {
            KeyStore to;
            try { to = KeyStore.getInstance(kind, "BC"); } catch (KeyStoreException none) { System.err.println(none.getMessage()); continue; }
            to.load(null, null);
            to.setKeyEntry("test ec", key, PASSWORD, chain);
            try (OutputStream file = Files.newOutputStream(out.resolve("bc-" + kind.toLowerCase() + ".p12"))) { to.store(file, PASSWORD); }
        }
        KeyStore der = KeyStore.getInstance("PKCS12", "BC");
        der.load(null, null);
        der.setKeyEntry("test ec", key, PASSWORD, chain);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        der.store(new org.bouncycastle.jcajce.PKCS12StoreParameter(bytes, PASSWORD, true));
        Files.write(out.resolve("bc-pkcs12-der.p12"), bytes.toByteArray());
        PBKDFConfig pbkdf2 = new PBKDF2Config.Builder().withIterationCount(2048).withSaltLength(16).withPRF(PBKDF2Config.PRF_SHA512).build();
        PBKDFConfig scrypt = new ScryptConfig.Builder(4096, 8, 1).withSaltLength(16).build();
        ASN1ObjectIdentifier aes = NISTObjectIdentifiers.id_aes256_CBC;
        ASN1ObjectIdentifier[] macs = {PKCSObjectIdentifiers.id_hmacWithSHA256, PKCSObjectIdentifiers.id_hmacWithSHA512};
        String[] names = {"sha256", "sha512"};
        for (int i = 0; i < macs.length; i++) built("bc-built-pbmac1-" + names[i], key, chain, pbkdf2, aes, pbmac1(macs[i]), false);
        built("bc-built-scrypt", key, chain, scrypt, aes, null, false);
        built("bc-built-scrypt-ber", key, chain, scrypt, NISTObjectIdentifiers.id_aes192_CBC, null, true);
        built("bc-built-pbmac1-ber", key, chain, pbkdf2, aes, pbmac1(macs[0]), true);
    }

    /** PBMAC1 by PBKDF2 with SHA-256. */
    static PKCS12MacCalculatorBuilder pbmac1(ASN1ObjectIdentifier hmac) throws IOException {
        AlgorithmIdentifier algorithm = new AlgorithmIdentifier(hmac, DERNull.INSTANCE);
        PBKDF2Params kdf = new PBKDF2Params(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 2048, 32, new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE));
        return new BcPKCS12PBMac1CalculatorBuilder(new PBMAC1Params(new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBKDF2, kdf), algorithm));
    }

    static void built(String name, PrivateKey key, java.security.cert.Certificate[] chain, PBKDFConfig kdf, ASN1ObjectIdentifier cipher, PKCS12MacCalculatorBuilder mac, boolean ber) throws Exception {
        org.bouncycastle.operator.OutputEncryptor encryptor = new JcePKCSPBEOutputEncryptorBuilder(kdf, cipher).setProvider("BC").build(PASSWORD);
        DEROctetString id = new DEROctetString(new byte[] {1, 2, 3});
        PKCS12SafeBagBuilder keyBag = new JcaPKCS12SafeBagBuilder(key, encryptor);
        keyBag.addBagAttribute(PKCS12SafeBag.friendlyNameAttribute, new DERBMPString("test ec"));
        keyBag.addBagAttribute(PKCS12SafeBag.localKeyIdAttribute, id);
        PKCS12SafeBag[] bags = new PKCS12SafeBag[chain.length];
        for (int i = 0; i < chain.length; i++) bags[i] = new JcaPKCS12SafeBagBuilder((X509Certificate) chain[i]).build();
        PKCS12PfxPduBuilder builder = new PKCS12PfxPduBuilder();
        builder.addEncryptedData(encryptor, bags);
        builder.addData(keyBag.build());
        PKCS12MacCalculatorBuilder calculator = mac == null ? new BcPKCS12MacCalculatorBuilder() : mac;
        byte[] bytes = builder.build(calculator, PASSWORD).getEncoded(ber ? ASN1Encoding.BER : ASN1Encoding.DL);
        Files.write(out.resolve(name + ".p12"), bytes);
    }
}
