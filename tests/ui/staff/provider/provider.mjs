// A certified OpenID provider on a free loopback port, for one client. Its own development pages ask for the name and
// take any password. The first line on stdout is the issuer.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const client = JSON.parse(process.argv[2]);
const groups = JSON.parse(process.argv[3]);
const server = createServer();

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [client],
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups'],
    pkce: { required: () => true },
    cookies: { keys: ['only for tests'] },
    async findAccount(_context, id) {
      return {
        accountId: id,
        claims: async () => ({ sub: `subject-of-${id}`, preferred_username: id, groups: groups[id] ?? [] }),
      };
    },
  });
  provider.on('server_error', (_context, error) => console.error(error));
  server.on('request', provider.callback());
  console.log(issuer);
});
