// The vendor's Graph client for JavaScript, unmodified. Reads one JSON request per line, writes one JSON
// answer.
import { Client, PageIterator } from '@microsoft/microsoft-graph-client';
import { createInterface } from 'node:readline';

let graph, user;

const steps = {
  async start({ base, token }) {
    graph = Client.initWithMiddleware({
      authProvider: { getAccessToken: async () => token }, baseUrl: `${base}/`, defaultVersion: 'v1.0', customHosts: new Set([new URL(base).hostname]),
    });
    return {};
  },
  async list() {
    const first = await graph.api('/users').top(7).select('id,displayName').orderby('displayName').count(true).header('ConsistencyLevel', 'eventual').get();
    const ids = new Set();
    await new PageIterator(graph, first, (u) => { ids.add(u.id); return true; }).iterate();
    const count = await graph.api('/users/$count').header('ConsistencyLevel', 'eventual').get();
    return { inFirst: first['@odata.count'], seen: ids.size, count: Number(count) };
  },
  async create({ email }) {
    user = await graph.api('/users').post({
      displayName: 'Gail Graph', identities: [{ signInType: 'emailAddress', issuer: 'fernhill', issuerAssignedId: email }],
      passwordProfile: { password: 'a phrase nobody else has 7', forceChangePasswordNextSignIn: false },
    });
    const patched = await graph.api(`/users/${user.id}`).patch({ city: 'Rome' });
    const found = await graph.api('/users').filter(`identities/any(i:i/issuerAssignedId eq '${email}' and i/issuer eq 'fernhill')`).select('id,city').get();
    return { nothing: patched === undefined, same: found.value[0].id === user.id, city: found.value[0].city };
  },
  async refuse() {
    try {
      await graph.api(`/users/${user.id}`).patch({ shoeSize: 5 });
      return {};
    } catch (e) {
      return { status: e.statusCode, code: e.code, message: e.message, request: e.requestId };
    }
  },
  async batch() {
    const { responses } = await graph.api('/$batch').post({ requests: [
      { id: 'a', method: 'GET', url: `/users/${user.id}` }, { id: 'b', method: 'GET', url: '/nonsense' }, { id: 'c', method: 'DELETE', url: `/users/${user.id}` },
    ] });
    return Object.fromEntries(responses.map((r) => [r.id, r.status]));
  },
  async flows() {
    const { value } = await graph.api('/identity/authenticationEventsFlows').version('beta').get();
    return { types: [...new Set(value.map((f) => f['@odata.type']))], names: value.map((f) => f.displayName) };
  },
  // A custom attribute into a flow by reference, and somebody invited into it.
  async attributes({ flow, redirect }) {
    const made = await graph.api('/identity/userFlowAttributes').post({ displayName: 'Shoe size', description: 'European', dataType: 'int64' });
    const custom = await graph.api('/identity/userFlowAttributes').filter("userFlowAttributeType eq 'custom'").get();
    const all = await graph.api('/identity/authenticationEventsFlows').get();
    const { id } = all.value.find((f) => f.displayName === flow);
    const page = `/identity/authenticationEventsFlows/${id}/microsoft.graph.externalUsersSelfServiceSignUpEventsFlow/onAttributeCollection/microsoft.graph.onAttributeCollectionExternalUsersSelfServiceSignUp/attributes`;
    await graph.api(`${page}/$ref`).post({ '@odata.id': `https://graph.microsoft.com/v1.0/identity/userFlowAttributes/${made.id}` });
    const asked = await graph.api(page).get();
    let refused = 0;
    try {
      await graph.api(`/identity/userFlowAttributes/${made.id}`).delete();
    } catch (e) {
      refused = e.statusCode;
    }
    const invitation = await graph.api('/invitations').post({ invitedUserEmailAddress: 'ivy@example.com', inviteRedirectUrl: redirect, sendInvitationMessage: true });
    await graph.api(`${page}/${made.id}/$ref`).delete();
    await graph.api(`/identity/userFlowAttributes/${made.id}`).delete();
    return { type: made['@odata.type'], listed: custom.value.some((a) => a.id === made.id), asked: asked.value.some((a) => a.id === made.id && a.dataType === 'int64'),
      refused, status: invitation.status, link: invitation.inviteRedeemUrl };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { step, ...input } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await steps[step](input)));
  } catch (e) {
    console.log(JSON.stringify({ failed: `${e.name}: ${e.message}`, error: e.code }));
  }
}
