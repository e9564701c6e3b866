import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.model.InMemoryDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.pdf.pdfbox.PdfBoxNativeObjectFactory;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What DSS takes to prepare: {@code java -cp 'FOLDER/*' Dss.java CERTIFICATE.der FILE…}.
 *
 * <p>Prints nanoseconds of CPU time of its thread for the first document of the process, and for one when all classes
 * are loaded and compiled.
 */
final class Dss {
    private static final int ROUNDS = 5;

    public static void main(String[] arguments) throws Exception {
        CertificateToken certificate = DSSUtils.loadCertificate(new File(arguments[0]));
        PAdESService service = new PAdESService(new CommonCertificateVerifier());
        service.setPdfObjFactory(new PdfBoxNativeObjectFactory());
        List<byte[]> documents = new ArrayList<>();
        for (int n = 1; n < arguments.length; n++) {
            documents.add(Files.readAllBytes(Path.of(arguments[n])));
        }
        long first = time(() -> prepare(service, certificate, documents.get(0)));
        long best = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            best = Math.min(best, time(() -> documents.forEach(data -> prepare(service, certificate, data))));
        }
        System.out.println(first + " " + best / documents.size());
        System.exit(0);
    }

    private static long time(Runnable work) {
        var threads = ManagementFactory.getThreadMXBean();
        long begun = threads.getCurrentThreadCpuTime();
        work.run();
        return threads.getCurrentThreadCpuTime() - begun;
    }

    private static void prepare(PAdESService service, CertificateToken certificate, byte[] data) {
        PAdESSignatureParameters parameters = new PAdESSignatureParameters();
        parameters.setSignatureLevel(SignatureLevel.PAdES_BASELINE_B);
        parameters.setDigestAlgorithm(DigestAlgorithm.SHA256);
        parameters.setSigningCertificate(certificate);
        parameters.setCertificateChain(certificate);
        if (service.getDataToSign(new InMemoryDocument(data), parameters).getBytes().length == 0) {
            throw new IllegalStateException("nothing to sign");
        }
    }
}
