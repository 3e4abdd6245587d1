import java.io.InputStream;
import java.net.InetAddress;
import org.jivesoftware.smack.SmackConfiguration;
import org.jivesoftware.smack.XMPPConnection;
import org.jivesoftware.smack.tcp.XMPPTCPConnectionConfiguration;
import org.jivesoftware.smackx.disco.ServiceDiscoveryManager;
import org.jivesoftware.smackx.filetransfer.IncomingFileTransfer;
import org.jxmpp.jid.EntityFullJid;
import org.jxmpp.jid.impl.JidCreate;

/** Smack 4.3 and later. */
final class Dialect {
    private Dialect() {}

    static void setReplyTimeout(int milliseconds) {
        SmackConfiguration.setDefaultReplyTimeout(milliseconds);
    }

    static void setServer(XMPPTCPConnectionConfiguration.Builder builder, String domain, InetAddress address)
            throws Exception {
        builder.setXmppDomain(domain).setHostAddress(address);
    }

    static void askServer(XMPPConnection connection) throws Exception {
        ServiceDiscoveryManager.getInstanceFor(connection).discoverInfo(connection.getXMPPServiceDomain());
    }

    static EntityFullJid fullJid(String jid) throws Exception {
        return JidCreate.entityFullFrom(jid);
    }

    static InputStream receive(IncomingFileTransfer transfer) throws Exception {
        return transfer.receiveFile();
    }
}
