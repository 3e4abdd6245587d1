import java.io.InputStream;
import java.net.InetAddress;
import org.jivesoftware.smack.SmackConfiguration;
import org.jivesoftware.smack.XMPPConnection;
import org.jivesoftware.smack.tcp.XMPPTCPConnectionConfiguration;
import org.jivesoftware.smackx.disco.ServiceDiscoveryManager;
import org.jivesoftware.smackx.filetransfer.IncomingFileTransfer;

/** Smack 4.1: addresses are strings. */
final class Dialect {
    private Dialect() {}

    static void setReplyTimeout(int milliseconds) {
        SmackConfiguration.setDefaultPacketReplyTimeout(milliseconds);
    }

    static void setServer(XMPPTCPConnectionConfiguration.Builder builder, String domain, InetAddress address) {
        builder.setServiceName(domain).setHost(address.getHostAddress());
    }

    static void askServer(XMPPConnection connection) throws Exception {
        ServiceDiscoveryManager.getInstanceFor(connection).discoverInfo(connection.getServiceName());
    }

    static String fullJid(String jid) {
        return jid;
    }

    static InputStream receive(IncomingFileTransfer transfer) throws Exception {
        return transfer.recieveFile();
    }
}
