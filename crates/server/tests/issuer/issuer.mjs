// An OpenID Connect provider for the tests: oidc-provider, which is certified, with people who agree to everything.
// Owns nothing that outlives the process. Writes one line with its issuer when it answers, and ends with its input.
//
// argv: the folder in which its packages are, and where browsers are sent back to.
// POST /person sets who is in front of the browser: { sub, email, email_verified, groups }.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, redirect] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { Provider } = await load('oidc-provider');
const { exportJWK, generateKeyPair } = await load('jose');

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];

let person = { sub: 'nobody' };

async function keys() {
  const made = ALGORITHMS.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: alg };
  });
  return { keys: await Promise.all(made) };
}

const client = (alg) => ({
  client_id: alg.toLowerCase(),
  client_secret: 'between us',
  redirect_uris: [redirect],
  id_token_signed_response_alg: alg,
});

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: ALGORITHMS.map(client),
  jwks: await keys(),
  cookies: { keys: ['for tests'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'email', 'groups'],
  enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/agree/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ ...person, sub }) }),
  loadExistingGrant: async (context) => {
    const { client, session, provider } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid email groups');
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
server.on('request', async (request, response) => {
  try {
    if (request.url === '/person') {
      person = await body(request);
      response.writeHead(204).end();
    } else if (request.url.startsWith('/agree/')) {
      const login = { accountId: person.sub, remember: false };
      await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
    } else {
      answer(request, response);
    }
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

console.log(issuer);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
