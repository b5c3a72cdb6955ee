// MSAL Node, unmodified, as a confidential client, a public client and a daemon. Reads one JSON request
// per line, writes one JSON answer.
import { ConfidentialClientApplication, PublicClientApplication, CryptoProvider } from '@azure/msal-node';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin });
let app, pkce, result, request, confidential;

const auth = ({ authority, clientId, clientSecret }) => ({
  auth: { clientId, authority, knownAuthorities: [new URL(authority).host], ...(clientSecret && { clientSecret }) },
});

const steps = {
  async start(input) {
    confidential = Boolean(input.clientSecret);
    app = confidential ? new ConfidentialClientApplication(auth(input)) : new PublicClientApplication(auth(input));
    pkce = await new CryptoProvider().generatePkceCodes();
    const nonce = crypto.randomUUID();
    request = { scopes: input.scopes ?? [], redirectUri: input.redirect, nonce };
    const url = await app.getAuthCodeUrl({
      ...request, state: 'a state', codeChallenge: pkce.challenge, codeChallengeMethod: 'S256', ...(input.prompt && { prompt: input.prompt }),
    });
    return { url };
  },
  async finish({ callback }) {
    const q = new URL(callback).searchParams;
    result = await app.acquireTokenByCode({
      ...request, state: 'a state', code: q.get('code'), codeVerifier: pkce.verifier, clientInfo: q.get('client_info') ?? undefined,
    }, { code: q.get('code'), state: q.get('state'), nonce: request.nonce });
    const { account } = result;
    return { claims: result.idTokenClaims, account: { home: account.homeAccountId, username: account.username, tenant: account.tenantId } };
  },
  async silent() {
    const accounts = await app.getTokenCache().getAllAccounts();
    const cached = await app.acquireTokenSilent({ account: accounts[0], scopes: request.scopes });
    const fresh = await app.acquireTokenSilent({ account: accounts[0], scopes: request.scopes, forceRefresh: true });
    return { accounts: accounts.length, fromCache: cached.fromCache, refreshed: !fresh.fromCache, token: fresh.accessToken !== cached.accessToken };
  },
  async machine(input) {
    const daemon = new ConfidentialClientApplication(auth(input));
    const t = await daemon.acquireTokenByClientCredential({ scopes: [input.scope] });
    return { type: t.tokenType, expires: t.expiresOn.toISOString() };
  },
};

for await (const line of lines) {
  const { step, ...input } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await steps[step](input)));
  } catch (e) {
    console.log(JSON.stringify({ failed: `${e.name}: ${e.message}`, error: e.errorCode }));
  }
}
