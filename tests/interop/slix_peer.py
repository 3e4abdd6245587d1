"""A file-transfer peer made of slixmpp's own plugins: the independent other side of firepush's live tests.

Takes the arguments of firepush that it needs and prints the same kind of JSON lines. What slixmpp 1.17 gets wrong
and this program works round is marked "slixmpp:".
"""

import argparse
import asyncio
import hashlib
import json
import sys
from pathlib import Path
from uuid import uuid4

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.plugins.xep_0095.stream_initiation import IBB, SOCKS5
from slixmpp.xmlstream.handler import CoroutineCallback
from slixmpp.xmlstream.matcher import StanzaPath

METHODS = {'socks5': [SOCKS5], 'ibb': [IBB], 'auto': [SOCKS5, IBB]}
NAMES = {SOCKS5: 'socks5', IBB: 'ibb'}
CHUNK = 65536


def say(event, **fields):
    print(json.dumps({'event': event, **fields}), flush=True)


class Peer(slixmpp.ClientXMPP):
    def __init__(self, args):
        super().__init__(args.jid, Path(args.password_file).read_text().strip())
        self.args = args
        self.ca_certs = Path(args.ca_file)
        self.enable_direct_tls = args.direct_tls
        self.enable_starttls = not args.direct_tls
        for plugin in ('xep_0030', 'xep_0092', 'xep_0096', 'xep_0199'):
            self.register_plugin(plugin)
        self.ended = self.loop.create_future()
        self.add_event_handler('session_start', self.session)
        self.add_event_handler('failed_all_auth', lambda _: self.end('authentication failed'))
        self.add_event_handler('disconnected', lambda _: self.end('disconnected'))

    def end(self, problem=None):
        if not self.ended.done():
            self.ended.set_result(problem)

    async def session(self, _):
        ibb, si = self.plugin['xep_0047'], self.plugin['xep_0095']
        ibb.max_block_size = 65535
        for method in METHODS['auto']:
            if method not in METHODS[self.args.method]:
                si.unregister_method(method)
        # slixmpp: the plugin registers its coroutine as a plain callback, so that no offer is ever answered.
        self.remove_handler('SI Request')
        self.register_handler(CoroutineCallback('SI Request', StanzaPath('iq@type=set/si'), si._handle_request))
        try:
            await self.work()
        except (IqError, IqTimeout, OSError) as error:
            say('failed', message=f'{type(error).__name__}: {getattr(error, "condition", error)}')
            self.end('failed')

    async def be_seen(self):
        self.send_presence()
        await self.get_roster()  # answered after the presence was taken


class Receiver(Peer):
    async def work(self):
        self.left = self.args.count
        self.incoming = {}
        self.add_event_handler('si_request', self.offered)
        self.add_event_handler('ibb_stream_data', lambda stream: self.incoming[stream.sid].take(stream.read()))
        self.add_event_handler('ibb_stream_end', lambda stream: self.arrived(self.incoming.pop(stream.sid)))
        self.add_event_handler('message', lambda m: say('message', body=m['body'], **{'from': str(m['from'])}))
        await self.be_seen()
        say('ready', jid=str(self.boundjid))

    async def offered(self, iq):
        sender, me, sid = iq['from'], iq['to'], iq['si']['id']
        say('offer', id=sid, name=iq['si']['file']['name'])
        si = self.plugin['xep_0095']
        if self.args.decline:
            await si.decline(sender, sid, ifrom=me)
        elif not self.args.ignore:
            while self.args.accept_when and not Path(self.args.accept_when).exists():
                await asyncio.sleep(0.02)
            self.incoming[sid] = Incoming(iq, self.args.dir)
            await si.accept(sender, sid, ifrom=me, stream_handler=self.started)

    def started(self, stream):
        if hasattr(stream, 'sid'):
            self.incoming[stream.sid].method = 'ibb'
            return
        sid = next(sid for sid, conn in self.plugin['xep_0065']._sessions.items() if conn is stream)
        incoming = self.incoming[sid]
        incoming.method = 'socks5'

        # slixmpp: its socks5 events do not say which connection they are about.
        def event(name, data):
            if name == 'socks5_data':
                incoming.take(data)
            elif name == 'socks5_closed':
                self.arrived(self.incoming.pop(sid))
        stream.event = event

    def arrived(self, incoming):
        incoming.finish()
        if self.left is not None and incoming.whole:
            self.left -= 1
            if self.left == 0:
                self.end()


class Incoming:
    def __init__(self, iq, folder):
        offered = iq['si']['file']
        self.id, self.sender, self.size = iq['si']['id'], str(iq['from']), int(offered['size'])
        self.name = Path(offered['name']).name
        self.path = Path(folder) / self.name
        self.file = self.path.open('xb')
        self.sum = hashlib.sha256()
        self.method = None

    def take(self, data):
        self.file.write(data)
        self.sum.update(data)

    def finish(self):
        got = self.file.tell()
        self.file.close()
        self.whole = got == self.size
        if not self.whole:
            return say('failed', id=self.id, message=f'{got} of {self.size} bytes came')
        return say('file', id=self.id, name=self.name, path=str(self.path), size=got, sha256=self.sum.hexdigest(),
                   method=self.method, **{'from': self.sender})


class Sender(Peer):
    async def work(self):
        to = await self.recipient(slixmpp.JID(self.args.to))
        for path in map(Path, self.args.files):
            await self.push(to, path)
        self.end()

    async def recipient(self, to):
        if to.resource:
            self.send_presence(ppriority=-1)
            return to
        seen = self.loop.create_future()

        def presence(stanza):
            if stanza['from'].bare == to.bare and not seen.done():
                seen.set_result(stanza['from'])
        self.add_event_handler('presence_available', presence)
        self.send_presence(ppriority=-1)
        return await asyncio.wait_for(seen, 30)

    async def push(self, to, path):
        sid, size = uuid4().hex, path.stat().st_size
        # slixmpp: its own list of methods is made of strings, its form code wants the options as dictionaries.
        options = [{'value': method} for method in METHODS[self.args.method]]
        answer = await self.plugin['xep_0096'].request_file_transfer(
            to, sid=sid, name=path.name, size=size, methods=options)
        method = answer['si']['feature_neg']['form'].get_values()['stream-method']
        with path.open('rb') as file:
            await (self.by_socks5 if method == SOCKS5 else self.by_ibb)(to, sid, file)
        say('sent', id=sid, name=path.name, size=size, to=str(to), method=NAMES[method])

    async def by_ibb(self, to, sid, file):
        stream = await self.plugin['xep_0047'].open_stream(to, sid=sid)
        await stream.sendfile(file)
        await stream.close()

    async def by_socks5(self, to, sid, file):
        conn = await self.plugin['xep_0065'].handshake(to, sid=sid)
        if conn is None:
            raise OSError('no connection to the proxy')
        closed = self.loop.create_future()
        conn.event = lambda name, data: name == 'socks5_closed' and closed.set_result(data)
        while chunk := file.read(CHUNK):
            # slixmpp: write() waits for ever when the connection dies under it.
            written = asyncio.ensure_future(conn.write(chunk))
            await asyncio.wait({written, closed}, return_when=asyncio.FIRST_COMPLETED)
            if closed.done():
                written.cancel()
                raise OSError('the proxy closed the connection early')
        conn.transport.write_eof()
        if error := await closed:
            raise error


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest='verb', required=True)
    send, receive = verbs.add_parser('send'), verbs.add_parser('receive')
    for verb in (send, receive):
        verb.add_argument('--jid', required=True)
        verb.add_argument('--password-file', required=True)
        verb.add_argument('--server', required=True, metavar='HOST:PORT')
        verb.add_argument('--ca-file', required=True)
        verb.add_argument('--direct-tls', action='store_true')
        verb.add_argument('--method', choices=METHODS, default='auto')
    send.add_argument('--to', required=True, metavar='JID')
    send.add_argument('files', nargs='+', metavar='FILE')
    receive.add_argument('--dir', required=True)
    receive.add_argument('--count', type=int)
    receive.add_argument('--decline', action='store_true', help='refuse every offer')
    receive.add_argument('--ignore', action='store_true', help='never answer an offer')
    receive.add_argument('--accept-when', metavar='PATH', help='accept offers when this is there')
    return parser.parse_args()


async def run(args):
    peer = (Sender if args.verb == 'send' else Receiver)(args)
    host, port = args.server.rsplit(':', 1)
    peer.connect(host, int(port))
    problem = await peer.ended
    await peer.disconnect()
    if problem:
        print(f'slix_peer: {problem}', file=sys.stderr)
    return 1 if problem else 0


if __name__ == '__main__':
    sys.exit(asyncio.run(run(arguments())))
