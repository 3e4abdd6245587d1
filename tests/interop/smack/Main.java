import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A file-transfer peer made of Smack, the library under Spark: it takes the same words as slix_peer.py and prints the
 * same kind of JSON lines. Smack can be kept from offering and taking SOCKS5 (--ibb-only), but not from IBB.
 */
final class Main {
    private final Words words;
    private final Peer peer;
    private final BlockingQueue<Peer.Offer> offers = new LinkedBlockingQueue<>();

    private Main(Words words) throws Exception {
        this.words = words;
        trust(Path.of(words.text("ca-file")));
        peer = new Adapter(words.has("ibb-only"), words.has("dead-streamhost"));
    }

    public static void main(String[] args) {
        try {
            new Main(new Words(args)).run();
            System.exit(0);
        } catch (Exception error) {
            fail(error);
        }
    }

    private void run() throws Exception {
        String[] jid = words.text("jid").split("@");
        String[] server = words.text("server").split(":");
        String password = Files.readString(Path.of(words.text("password-file"))).strip();
        var address = new InetSocketAddress(server[0], Integer.parseInt(server[1]));
        peer.login(new Peer.Account(jid[0], jid[1], password, address), offers::add, Main::fail);
        switch (words.verb) {
            case "receive" -> receive();
            case "send" -> send();
            default -> throw new IllegalArgumentException(words.verb);
        }
        peer.logout();
    }

    private void receive() throws Exception {
        say("ready", "jid", peer.jid());
        for (long left = words.number("count", Long.MAX_VALUE); left > 0;) {
            Peer.Offer offer = offers.take();
            say("offer", "id", offer.id(), "name", offer.name());
            if (words.has("decline")) {
                offer.decline().run();
            } else if (!words.has("ignore")) {
                Thread.sleep(1000 * words.number("accept-after", 0));
                left -= take(offer) ? 1 : 0;
            }
        }
    }

    private boolean take(Peer.Offer offer) throws Exception {
        Path path = Path.of(words.text("dir")).resolve(Path.of(offer.name()).getFileName());
        var sum = MessageDigest.getInstance("SHA-256");
        InputStream in = offer.accept().call();
        boolean all;
        try (OutputStream out = new DigestOutputStream(Files.newOutputStream(path), sum)) {
            all = copyAll(in, out);
        }
        close(in);
        if (!all) {
            return false;
        }
        long size = Files.size(path);
        if (size != offer.size()) {
            throw new IOException(size + " of " + offer.size() + " bytes came");
        }
        say("file", "id", offer.id(), "name", offer.name(), "path", path, "size", size, "sha256",
                HexFormat.of().formatHex(sum.digest()), "method", method(in), "from", offer.from());
        return true;
    }

    private void send() throws Exception {
        for (Path file : words.files) {
            long size = Files.size(file);
            String method;
            try (InputStream in = Files.newInputStream(file);
                    OutputStream out = peer.offer(words.text("to"), file.getFileName().toString(), size)) {
                method = method(out);
                if (!copyAll(in, out)) {
                    continue;
                }
            }
            say("sent", "name", file.getFileName(), "size", size, "to", words.text("to"), "method", method);
        }
    }

    /** False when it was told to cancel on the way; closing the stream is all that Smack's own cancel does. */
    private boolean copyAll(InputStream in, OutputStream out) throws IOException {
        long left = words.number("cancel-after", Long.MAX_VALUE);
        byte[] block = new byte[8192];
        for (int read; (read = in.read(block)) >= 0; left -= read) {
            out.write(block, 0, read);
            if (read >= left) {
                say("cancelled");
                return false;
            }
        }
        return true;
    }

    /** As Smack's own loop does it: an answer that it does not like is no failure any more. */
    private static void close(InputStream in) {
        try {
            in.close();
        } catch (IOException error) {
            System.err.println(error + ": " + error.getCause());
        }
    }

    private static String method(Object stream) {
        return stream.getClass().getName().contains(".ibb.") ? "ibb" : "socks5";
    }

    /** The JVM's own trust store is the one thing that all generations use. */
    private static void trust(Path pem) throws Exception {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(pem)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Path file = Files.createTempFile("trust", ".p12");
        file.toFile().deleteOnExit();
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, "public".toCharArray());
        }
        System.setProperty("javax.net.ssl.trustStore", file.toString());
        System.setProperty("javax.net.ssl.trustStoreType", "PKCS12");
        System.setProperty("javax.net.ssl.trustStorePassword", "public");
    }

    private static void fail(Exception error) {
        say("failed", "message", error);
        error.printStackTrace();
        System.exit(1);
    }

    private static synchronized void say(String event, Object... fields) {
        var line = new StringBuilder("{\"event\":").append(quoted(event));
        for (int i = 0; i < fields.length; i += 2) {
            Object value = fields[i + 1];
            line.append(",").append(quoted(fields[i])).append(":");
            line.append(value instanceof Number ? value : quoted(value));
        }
        System.out.println(line.append("}"));
    }

    private static String quoted(Object value) {
        var text = new StringBuilder("\"");
        String.valueOf(value).codePoints().forEach(c -> {
            if (c < ' ' || c == '"' || c == '\\') {
                text.append(String.format("\\u%04x", c));
            } else {
                text.appendCodePoint(c);
            }
        });
        return text.append('"').toString();
    }
}
