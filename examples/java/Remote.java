import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Signs documents with an RSA key that eseal never sees: {@code java Remote.java CERT KEY OUT DOCUMENT…}.
 *
 * <p>The key is a PKCS#8 file. Where it is used ({@link #sign}), a signing service would be called. A real program has
 * a library for JSON; the three keys that are read here hold nothing that would have to be unescaped.
 */
final class Remote {
    private static final String ESEAL = System.getenv().getOrDefault("ESEAL", "eseal");

    /** What stands before a SHA-256 digest in a signature by RSA (RFC 8017, 9.2). */
    private static final byte[] SHA256 = HexFormat.of().parseHex("3031300d060960864801650304020105000420");

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 4) {
            System.err.println("usage: Remote CERT KEY OUT DOCUMENT…");
            System.exit(2);
        }
        PrivateKey key = key(Path.of(arguments[1]));
        Path store = Files.createTempDirectory("eseal-");
        boolean failed = false;
        try {
            List<String> prepare = new ArrayList<>(List.of(
                    "prepare", "--json", "--cert", arguments[0], "--digest", "sha256", "--store", store.toString(), "--"));
            prepare.addAll(List.of(arguments).subList(3, arguments.length));
            StringBuilder values = new StringBuilder();
            for (String line : run(prepare, "")) {
                if (isFailure(line)) {
                    System.err.println(line);
                    failed = true;
                    continue;
                }
                String value = sign(key, Base64.getDecoder().decode(text(line, "digest")));
                values.append("{\"id\":\"%s\",\"signature\":\"%s\"}\n".formatted(text(line, "id"), value));
            }
            if (values.length() > 0) {
                List<String> finish = List.of(
                        "finalize", "--json", "--store", store.toString(), "--values", "-", "--out", arguments[2]);
                for (String line : run(finish, values.toString())) {
                    if (isFailure(line)) {
                        System.err.println(line);
                        failed = true;
                    } else {
                        System.out.println(text(line, "id") + ": " + text(line, "level"));
                    }
                }
            }
        } finally {
            remove(store);
        }
        System.exit(failed ? 1 : 0);
    }

    /** Runs eseal and returns its lines of JSON: one for each document, in the order of the documents. */
    private static List<String> run(List<String> arguments, String given) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ESEAL));
        command.addAll(arguments);
        Process child = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        // It prints while it reads: whoever writes all before he reads may wait for ever.
        Thread writer = new Thread(() -> {
            try (var in = child.getOutputStream()) {
                in.write(given.getBytes(StandardCharsets.UTF_8));
            } catch (IOException gone) {
                // It has ended before it read all; its exit status says why.
            }
        });
        writer.start();
        List<String> lines;
        try (var out = child.inputReader(StandardCharsets.UTF_8)) {
            lines = out.lines().toList();
        }
        writer.join();
        int status = child.waitFor();
        // 0: all good, 1: some documents failed, and their lines say why. Everything else is about the run.
        if (status > 1) {
            throw new IOException("eseal " + arguments.get(0) + " ended with " + status);
        }
        return lines;
    }

    /** The signature value over a digest. */
    private static String sign(PrivateKey key, byte[] digest) throws GeneralSecurityException {
        Signature rsa = Signature.getInstance("NONEwithRSA");
        rsa.initSign(key);
        rsa.update(SHA256);
        rsa.update(digest);
        return Base64.getEncoder().encodeToString(rsa.sign());
    }

    private static PrivateKey key(Path path) throws IOException, GeneralSecurityException {
        String pem = Files.readString(path).replaceAll("-----[A-Z ]+-----|\\s", "");
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    }

    private static boolean isFailure(String line) {
        return line.contains("\"error\":{");
    }

    private static String text(String line, String key) {
        Matcher found = Pattern.compile("\"" + key + "\":\"([^\"\\\\]*)\"").matcher(line);
        if (!found.find()) {
            throw new IllegalStateException("no " + key + " in " + line);
        }
        return found.group(1);
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(path);
            }
        }
    }
}
