import java.net.ServerSocket;

/** Smack's own streamhost. */
final class Streamhost {
    private Streamhost() {}

    /** Makes it as it is behind a firewall: Smack believes that it runs and offers it, but nobody can connect. */
    static void block(Object proxy) throws Exception {
        var field = proxy.getClass().getDeclaredField("serverSocket");
        field.setAccessible(true);
        ((ServerSocket) field.get(proxy)).close();
    }
}
