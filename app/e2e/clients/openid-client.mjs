// openid-client, unmodified, as a relying party. Reads one JSON request per line, writes one JSON answer.
import * as oidc from 'openid-client';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin });
let config, verifier, nonce, state, redirectUri, tokens;

const steps = {
  async start({ issuer, clientId, clientSecret, redirect, prompt }) {
    config = await oidc.discovery(new URL(issuer), clientId, clientSecret);
    redirectUri = redirect;
    verifier = oidc.randomPKCECodeVerifier();
    nonce = oidc.randomNonce();
    state = oidc.randomState();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirect, scope: 'openid profile email offline_access', nonce, state,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...(prompt && { prompt }),
    });
    return { url: url.href };
  },
  async finish({ callback }) {
    tokens = await oidc.authorizationCodeGrant(config, new URL(callback), {
      pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true,
    });
    const claims = tokens.claims();
    const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
    return { claims, info, scope: tokens.scope };
  },
  async refresh() {
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    const changed = next.refresh_token !== tokens.refresh_token && next.access_token !== tokens.access_token;
    tokens = { ...tokens, ...next };
    const seen = await oidc.tokenIntrospection(config, next.access_token);
    return { changed, active: seen.active };
  },
  async revoke() {
    await oidc.tokenRevocation(config, tokens.refresh_token);
    try {
      await oidc.refreshTokenGrant(config, tokens.refresh_token);
    } catch (e) {
      return { refused: e.error };
    }
    return { refused: '' };
  },
  async machine({ issuer, clientId, clientSecret, scope }) {
    const c = await oidc.discovery(new URL(issuer), clientId, clientSecret);
    const t = await oidc.clientCredentialsGrant(c, { scope });
    return { type: t.token_type, expires: t.expires_in };
  },
};

for await (const line of lines) {
  const { step, ...input } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await steps[step](input)));
  } catch (e) {
    console.log(JSON.stringify({ failed: `${e.name}: ${e.message}`, error: e.error, cause: String(e.cause?.message ?? e.cause ?? '') }));
  }
}
