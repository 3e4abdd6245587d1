import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** What the program wants of Smack, in words that are the same for every generation. */
interface Peer {
    String RESOURCE = "Spark";
    /** As Spark sets them. */
    int REPLY_TIMEOUT_MS = 10_000;

    /** The login is not what is tried: a busy machine may take its time over it. */
    int LOGIN_TIMEOUT_MS = 60_000;
    int BLOCK_SIZE = 61_440;

    record Account(String user, String domain, String password, InetSocketAddress server) {}

    record Offer(String id, String name, String from, long size, Callable<InputStream> accept, Action decline) {}

    interface Action {
        void run() throws Exception;
    }

    /** Returns when the server has taken our presence. */
    void login(Account account, Consumer<Offer> offers, Consumer<Exception> lost) throws Exception;

    String jid();

    /** Returns when the recipient has accepted and the bytestream stands. */
    OutputStream offer(String to, String name, long size) throws Exception;

    void logout() throws Exception;
}
