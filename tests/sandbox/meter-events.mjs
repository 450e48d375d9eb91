// The CLI sends meter events to https://meter-events.stripe.com whatever its --api-base says. This
// proxy takes that connection, with a certificate that only these tests trust, to the sandbox.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';

const HOST = 'meter-events.stripe.com';

/** Starts it; returns the environment that leads a program there, and how to stop it. */
export async function meterEvents(folder, sandbox) {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1',
    '-keyout', key, '-out', cert, '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`], { stdio: 'ignore' });
  const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (asked, answer) => {
    const to = new URL(asked.url, sandbox);
    const onward = request(to, { method: asked.method, headers: { ...asked.headers, host: to.host } }, (said) => {
      answer.writeHead(said.statusCode, said.headers);
      said.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  const proxy = createServer();
  proxy.on('connect', (asked, socket) => {
    if (!asked.url.startsWith(`${HOST}:`)) return socket.destroy();
    socket.on('error', () => {});
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    return tls.emit('connection', socket);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.address().port}`, SSL_CERT_FILE: cert };
  return { env, stop: () => { proxy.closeAllConnections(); proxy.close(); } };
}
