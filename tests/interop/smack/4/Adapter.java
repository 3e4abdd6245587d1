import java.io.OutputStream;
import java.util.function.Consumer;
import org.jivesoftware.smack.ConnectionConfiguration.SecurityMode;
import org.jivesoftware.smack.ConnectionListener;
import org.jivesoftware.smack.XMPPConnection;
import org.jivesoftware.smack.tcp.XMPPTCPConnection;
import org.jivesoftware.smack.tcp.XMPPTCPConnectionConfiguration;
import org.jivesoftware.smackx.bytestreams.ibb.InBandBytestreamManager;
import org.jivesoftware.smackx.bytestreams.socks5.Socks5Proxy;
import org.jivesoftware.smackx.filetransfer.FileTransferManager;
import org.jivesoftware.smackx.filetransfer.FileTransferNegotiator;

/** Smack 4; where its generations need other words, Dialect has them. */
final class Adapter implements Peer {
    private XMPPTCPConnection connection;
    private FileTransferManager files;
    private boolean leaving;

    Adapter(boolean ibbOnly, boolean deadStreamhost) throws Exception {
        FileTransferNegotiator.IBB_ONLY = ibbOnly;
        Dialect.setReplyTimeout(REPLY_TIMEOUT_MS);
        Socks5Proxy.setLocalSocks5ProxyEnabled(deadStreamhost);
        if (deadStreamhost) {
            Socks5Proxy.getSocks5Proxy().start();
            Streamhost.block(Socks5Proxy.getSocks5Proxy());
        }
    }

    @Override
    public void login(Account account, Consumer<Offer> offers, Consumer<Exception> lost) throws Exception {
        Dialect.setReplyTimeout(LOGIN_TIMEOUT_MS);
        var builder = XMPPTCPConnectionConfiguration.builder()
                .setUsernameAndPassword(account.user(), account.password())
                .setResource(RESOURCE)
                .setPort(account.server().getPort())
                .setSecurityMode(SecurityMode.required);
        Dialect.setServer(builder, account.domain(), account.server().getAddress());
        connection = new XMPPTCPConnection(builder.build());
        connection.addConnectionListener(new Loss(lost));
        files = FileTransferManager.getInstanceFor(connection);
        files.addFileTransferListener(request -> offers.accept(new Offer(request.getStreamID(),
                request.getFileName(), String.valueOf(request.getRequestor()), request.getFileSize(),
                () -> Dialect.receive(request.accept()), request::reject)));
        connection.connect();
        InBandBytestreamManager.getByteStreamManager(connection).setDefaultBlockSize(BLOCK_SIZE);
        connection.login();
        Dialect.setReplyTimeout(REPLY_TIMEOUT_MS);
        Dialect.askServer(connection);
    }

    @Override
    public String jid() {
        return String.valueOf(connection.getUser());
    }

    @Override
    public OutputStream offer(String to, String name, long size) throws Exception {
        return files.createOutgoingFileTransfer(Dialect.fullJid(to)).sendFile(name, size, "Sending file");
    }

    @Override
    public void logout() {
        leaving = true;
        connection.disconnect();
    }

    /** The methods of all generations: without `@Override`, for none has all of them. */
    private final class Loss implements ConnectionListener {
        private final Consumer<Exception> lost;

        Loss(Consumer<Exception> lost) {
            this.lost = lost;
        }

        public void connectionClosed() {
            if (!leaving) {
                lost.accept(new Exception("the server ended the stream"));
            }
        }

        public void connectionClosedOnError(Exception error) {
            lost.accept(error);
        }

        public void connected(XMPPConnection connection) {}

        public void authenticated(XMPPConnection connection, boolean resumed) {}

        public void reconnectingIn(int seconds) {}

        public void reconnectionSuccessful() {}

        public void reconnectionFailed(Exception error) {}
    }
}
