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
  // Identity Protection: a detection on demand, what it does to the person, and an administrator's word about it.
  async protection() {
    const someone = await graph.api('/users').post({ displayName: 'Rick Risky', identities: [{ signInType: 'emailAddress', issuer: 'fernhill', issuerAssignedId: 'rick@risk.example' }] });
    const made = await graph.api('/portico/riskSimulations').version('beta').post({ userId: someone.id, riskEventType: 'leakedCredentials' });
    const mine = `userId eq '${someone.id}'`;
    const found = await graph.api('/identityProtection/riskDetections').filter(mine).orderby('detectedDateTime desc').top(5).get();
    const before = await graph.api(`/identityProtection/riskyUsers/${someone.id}`).get();
    const confirmed = await graph.api('/identityProtection/riskyUsers/confirmCompromised').post({ userIds: [someone.id] });
    const after = await graph.api(`/identityProtection/riskyUsers/${someone.id}`).get();
    await graph.api('/identityProtection/riskyUsers/dismiss').post({ userIds: [someone.id] });
    const history = await graph.api(`/identityProtection/riskyUsers/${someone.id}/history`).get();
    const open = await graph.api('/identityProtection/riskDetections').filter(`${mine} and riskState eq 'atRisk'`).get();
    // More than one page, counted, by a member of an enumeration as the vendor's documentation writes it; a list that walks.
    for (const riskEventType of ['newCountry', 'passwordSpray', 'impossibleTravel']) {
      await graph.api('/portico/riskSimulations').version('beta').post({ userId: someone.id, riskEventType });
    }
    const first = await graph.api('/identityProtection/riskDetections').header('ConsistencyLevel', 'eventual').filter(mine).count(true).top(2).get();
    const seen = [];
    await new PageIterator(graph, first, (d) => { seen.push(d.id); return true; }).iterate();
    const risky = await graph.api('/identityProtection/riskyUsers').filter(`riskState eq 'atRisk' and id eq '${someone.id}'`).count(true).select('id,riskLevel').get();
    const worst = await graph.api('/identityProtection/riskyUsers').filter(`riskLevel eq microsoft.graph.riskLevel'${risky.value[0].riskLevel}'`).get();
    await graph.api('/identityProtection/riskyUsers/confirmSafe').post({ userIds: [someone.id] });
    const safe = await graph.api(`/identityProtection/riskyUsers/${someone.id}`).get();
    await graph.api(`/portico/riskyUsers/${someone.id}/undo`).version('beta').post({});
    const undone = await graph.api(`/identityProtection/riskyUsers/${someone.id}`).get();
    const one = await graph.api(`/identityProtection/riskyUsers/${someone.id}/history/${history.value[0].id}`).get();
    let wrong = '';
    try {
      await graph.api('/identityProtection/riskDetections').filter("riskLevel eq 'hgih'").get();
    } catch (e) {
      wrong = `${e.statusCode} ${e.message}`;
    }
    await graph.api(`/users/${someone.id}`).delete();
    return { counted: first['@odata.count'], seen: new Set(seen).size, walked: seen.length, risky: risky['@odata.count'], worst: worst.value.some((u) => u.id === someone.id),
      safe: safe.riskState, undone: undone.riskState, item: one.riskState, marked: made['@portico.markedAsTestPerson'], wrong,
      same: found.value.some((d) => d.id === made.id), type: made.riskEventType, before: before.riskLevel, nothing: confirmed === undefined, state: after.riskState, detail: after.riskDetail,
      last: history.value[0].riskState, open: open.value.length };
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
  // Groups with members, who belongs where, and app roles.
  async groups({ app }) {
    const people = [];
    for (const n of ['Hal', 'Ida', 'Jon']) {
      people.push(await graph.api('/users').post({ displayName: n, identities: [{ signInType: 'emailAddress', issuer: 'fernhill', issuerAssignedId: `${n}@groups.example` }] }));
    }
    const ref = (o) => ({ '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${o.id}` });
    const make = (displayName, more) => graph.api('/groups').post({ displayName, mailEnabled: false, mailNickname: displayName.toLowerCase(), securityEnabled: true, groupTypes: [], ...more });
    const inner = await make('Inner', { 'members@odata.bind': people.slice(0, 2).map((p) => `https://graph.microsoft.com/v1.0/users/${p.id}`) });
    const outer = await make('Outer');
    const added = await graph.api(`/groups/${outer.id}/members/$ref`).post(ref(inner));
    await graph.api(`/groups/${outer.id}/members/$ref`).post(ref(people[2]));
    const all = new Set();
    await new PageIterator(graph, await graph.api(`/groups/${outer.id}/transitiveMembers`).top(1).get(), (o) => { all.add(`${o['@odata.type']} ${o.id}`); return true; }).iterate();
    const users = await graph.api(`/groups/${outer.id}/transitiveMembers/microsoft.graph.user`).count(true).header('ConsistencyLevel', 'eventual').get();
    const of = await graph.api(`/users/${people[0].id}/transitiveMemberOf`).get();
    const check = await graph.api(`/users/${people[0].id}/checkMemberGroups`).post({ groupIds: [inner.id, outer.id] });
    let twice = '';
    try {
      await graph.api(`/groups/${outer.id}/members/$ref`).post(ref(inner));
    } catch (e) {
      twice = `${e.statusCode} ${e.message}`;
    }
    const { value: [principal] } = await graph.api('/servicePrincipals').filter(`displayName eq '${app}'`).get();
    const given = await graph.api(`/servicePrincipals/${principal.id}/appRoleAssignedTo`).post({ principalId: outer.id, resourceId: principal.id, appRoleId: '00000000-0000-0000-0000-000000000000' });
    const holders = await graph.api(`/servicePrincipals/${principal.id}/appRoleAssignedTo`).get();
    await graph.api(`/servicePrincipals/${principal.id}/appRoleAssignedTo/${given.id}`).delete();
    await graph.api(`/groups/${outer.id}/members/${inner.id}/$ref`).delete();
    const left = await graph.api(`/groups/${outer.id}/members`).get();
    return { added: added === undefined, all: all.size, types: [...all].filter((t) => t.startsWith('#microsoft.graph.group')).length, users: users.value.length, of: of.value.length, check: check.value.length,
      twice, kind: given.principalType, holders: holders.value.some((h) => h.id === given.id), left: left.value.length };
  },
  // A policy with a place of its own, as the vendor's scripts write them, and the authentication methods policy.
  async conditional() {
    const ca = '/identity/conditionalAccess';
    const place = await graph.api(`${ca}/namedLocations`).post({
      '@odata.type': '#microsoft.graph.ipNamedLocation', displayName: 'Warehouse', isTrusted: false, ipRanges: [{ '@odata.type': '#microsoft.graph.iPv4CidrRange', cidrAddress: '203.0.113.0/24' }],
    });
    await graph.api(`${ca}/namedLocations/${place.id}`).patch({ '@odata.type': '#microsoft.graph.ipNamedLocation', displayName: 'Depot' });
    const depot = await graph.api(`${ca}/namedLocations/${place.id}`).get();
    const made = await graph.api(`${ca}/policies`).post({
      displayName: 'Away from the depot', state: 'enabledForReportingButNotEnforced',
      conditions: { clientAppTypes: ['all'], applications: { includeApplications: ['All'] }, users: { includeUsers: ['All'] }, locations: { includeLocations: ['All'], excludeLocations: [place.id] } },
      grantControls: { operator: 'OR', builtInControls: ['mfa'] },
    });
    const patched = await graph.api(`${ca}/policies/${made.id}`).patch({ state: 'disabled' });
    const off = await graph.api(`${ca}/policies`).filter("state eq 'disabled'").get();
    let refused = '';
    try {
      await graph.api(`${ca}/policies`).post({ ...made, displayName: 'Device', grantControls: { operator: 'OR', builtInControls: ['compliantDevice'] } });
    } catch (e) {
      refused = `${e.statusCode} ${e.code}`;
    }
    await graph.api(`${ca}/policies/${made.id}`).delete();
    await graph.api(`${ca}/namedLocations/${place.id}`).delete();
    const sms = '/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/sms';
    const before = await graph.api(sms).get();
    await graph.api(sms).patch({ '@odata.type': '#microsoft.graph.smsAuthenticationMethodConfiguration', state: 'disabled' });
    const after = await graph.api(sms).get();
    await graph.api(sms).patch({ '@odata.type': '#microsoft.graph.smsAuthenticationMethodConfiguration', state: before.state });
    const whole = await graph.api('/policies/authenticationMethodsPolicy').get();
    return { type: depot['@odata.type'], name: depot.displayName, excluded: made.conditions.locations.excludeLocations[0] === place.id, nothing: patched === undefined,
      off: off.value.some((p) => p.id === made.id), refused, after: after.state, methods: whole.authenticationMethodConfigurations.length };
  },
  // Everybody once, then only what changed.
  async delta() {
    let link;
    const round = async (first) => {
      const seen = [];
      const pages = new PageIterator(graph, first, (u) => { seen.push(u); return true; });
      await pages.iterate();
      link = pages.getDeltaLink();
      return seen;
    };
    const first = await round(await graph.api('/users/delta').header('Prefer', 'odata.maxpagesize=7').select('id,displayName').get());
    const count = await graph.api('/users/$count').header('ConsistencyLevel', 'eventual').get();
    const made = await graph.api('/users').post({ displayName: 'Kim', identities: [{ signInType: 'emailAddress', issuer: 'fernhill', issuerAssignedId: 'kim@delta.example' }] });
    const second = await round(await graph.api(link).get());
    await graph.api(`/users/${made.id}`).delete();
    const third = await round(await graph.api(link).get());
    const fourth = await round(await graph.api(link).get());
    return { first: first.length, count: Number(count), second: second.map((u) => u.displayName), third: third.map((u) => u['@removed']?.reason), fourth: fourth.length };
  },
  // A person's own token.
  async own({ old, password }) {
    const me = await graph.api('/me').select('displayName').get();
    await graph.api('/me').patch({ city: 'Oslo' });
    const methods = await graph.api('/me/authentication/methods').get();
    let wrong = 0;
    try {
      await graph.api('/me/changePassword').post({ currentPassword: 'not this one at all', newPassword: password });
    } catch (e) {
      wrong = e.statusCode;
    }
    const done = await graph.api('/me/changePassword').post({ currentPassword: old, newPassword: password });
    const { city } = await graph.api('/me').select('city').get();
    return { name: me.displayName, methods: methods.value.map((m) => m['@odata.type']), wrong, nothing: done === undefined, city };
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
