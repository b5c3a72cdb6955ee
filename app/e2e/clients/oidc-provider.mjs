// Another company's OpenID Provider: oidc-provider with its own sign-in pages, unmodified. Reads one JSON request per
// line, writes one JSON answer.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

console.info = console.error; // its notices are no answers

const people = new Map();

const steps = {
  // open listens on a port as an issuer with one client.
  async open({ port, clientId, clientSecret, redirects, leave }) {
    const issuer = `http://localhost:${port}`;
    const provider = new Provider(issuer, {
      clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: redirects, post_logout_redirect_uris: leave ?? [] }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
      cookies: { keys: ['keeps the cookies of one test'] },
      pkce: { required: () => true },
      features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
      findAccount: async (_, id) => people.has(id) && { accountId: id, claims: async () => ({ sub: id, ...people.get(id) }) },
    });
    const server = createServer(provider.callback());
    await new Promise((resolve, reject) => server.once('error', reject).listen(port, 'localhost', resolve));
    return { issuer };
  },
  // person says what is known there of somebody, by the name that is typed on its sign-in page.
  async person({ id, claims }) {
    people.set(id, claims);
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { step, ...input } = JSON.parse(line);
  let answer;
  try {
    answer = await steps[step](input);
  } catch (e) {
    answer = { failed: String(e), error: e.error, cause: e.cause && String(e.cause) };
  }
  console.log(JSON.stringify(answer));
}
process.exit(0);
