import java.io.OutputStream;
import java.util.function.Consumer;
import org.jivesoftware.smack.ConnectionConfiguration;
import org.jivesoftware.smack.ConnectionListener;
import org.jivesoftware.smack.SmackConfiguration;
import org.jivesoftware.smack.XMPPConnection;
import org.jivesoftware.smackx.ServiceDiscoveryManager;
import org.jivesoftware.smackx.bytestreams.ibb.InBandBytestreamManager;
import org.jivesoftware.smackx.bytestreams.socks5.Socks5Proxy;
import org.jivesoftware.smackx.filetransfer.FileTransferManager;
import org.jivesoftware.smackx.filetransfer.FileTransferNegotiator;

/** Smack 3.2. */
final class Adapter implements Peer {
    private XMPPConnection connection;
    private FileTransferManager files;
    private boolean leaving;

    Adapter(boolean ibbOnly, boolean deadStreamhost) throws Exception {
        FileTransferNegotiator.IBB_ONLY = ibbOnly;
        SmackConfiguration.setPacketReplyTimeout(REPLY_TIMEOUT_MS);
        SmackConfiguration.setLocalSocks5ProxyEnabled(deadStreamhost);
        if (deadStreamhost) {
            Socks5Proxy.getSocks5Proxy().start();
            Streamhost.block(Socks5Proxy.getSocks5Proxy());
        }
    }

    @Override
    public void login(Account account, Consumer<Offer> offers, Consumer<Exception> lost) throws Exception {
        SmackConfiguration.setPacketReplyTimeout(LOGIN_TIMEOUT_MS);
        connection = new XMPPConnection(configuration(account));
        connection.connect();
        connection.addConnectionListener(new Loss(lost));
        files = new FileTransferManager(connection);
        files.addFileTransferListener(request -> offers.accept(new Offer(request.getStreamID(),
                request.getFileName(), request.getRequestor(), request.getFileSize(),
                () -> request.accept().recieveFile(), request::reject)));
        InBandBytestreamManager.getByteStreamManager(connection).setDefaultBlockSize(BLOCK_SIZE);
        connection.login(account.user(), account.password(), RESOURCE);
        ServiceDiscoveryManager.getInstanceFor(connection).discoverInfo(account.domain());
        SmackConfiguration.setPacketReplyTimeout(REPLY_TIMEOUT_MS);
    }

    /** Certificates are not checked, which is the default: this one looks for the root in what the server sends. */
    private static ConnectionConfiguration configuration(Account account) {
        var server = account.server();
        var configuration = new ConnectionConfiguration(
                server.getAddress().getHostAddress(), server.getPort(), account.domain());
        configuration.setSecurityMode(ConnectionConfiguration.SecurityMode.required);
        configuration.setReconnectionAllowed(false);
        return configuration;
    }

    @Override
    public String jid() {
        return connection.getUser();
    }

    @Override
    public OutputStream offer(String to, String name, long size) throws Exception {
        return files.createOutgoingFileTransfer(to).sendFile(name, size, "Sending file");
    }

    @Override
    public void logout() {
        leaving = true;
        connection.disconnect();
    }

    private final class Loss implements ConnectionListener {
        private final Consumer<Exception> lost;

        Loss(Consumer<Exception> lost) {
            this.lost = lost;
        }

        @Override
        public void connectionClosed() {
            if (!leaving) {
                lost.accept(new Exception("the server ended the stream"));
            }
        }

        @Override
        public void connectionClosedOnError(Exception error) {
            lost.accept(error);
        }

        @Override
        public void reconnectingIn(int seconds) {}

        @Override
        public void reconnectionSuccessful() {}

        @Override
        public void reconnectionFailed(Exception error) {}
    }
}
