import { expect, rule, rulesPlace, setUp, test } from './cloud';
import { en } from '../src/text/en';

test.use({ story: 'states' });

const places = [rulesPlace, '/#/deliveries?workspace=nlp_train', '/#/w/nlp_train/setup', '/#/settings'];

test('where nothing is yet, every list says how to get something', async ({ console: page, cloud, t }) => {
  await page.goto(rulesPlace);
  await expect(page.getByText(/not activated/i).first()).toBeVisible(); // EventBridge is not
  await page.getByRole('link', { name: t.problem.setup }).click();
  await expect(page.locator('.step').first()).toBeVisible();
  await setUp(cloud);
  await page.goto(rulesPlace);
  await expect(page.getByText(t.rules.empty)).toBeVisible();
  await page.goto('/#/deliveries?workspace=nlp_train');
  await expect(page.getByText(t.deliveries.empty)).toBeVisible();
});

for (const [name, status, problem, shown] of [
  ['may not see it', 403, { code: 'Forbidden', detail: 'this key does not have the role admin', advice: 'Ask an administrator.' }, en.problem.forbidden],
  ['something fails', 500, { code: 'Internal', detail: 'something unexpected happened in request 1-2', advice: 'Look for the id in the log.' }, en.problem.wrong],
] as const) {
  test(`every page says what to do where somebody ${name}`, async ({ console: page }) => {
    await page.route(/\/api\/v1\/(?!session)/, (route) => route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify(problem) }));
    for (const place of places) {
      await page.goto(place);
      await expect(page.getByText(shown).first()).toBeVisible();
      await expect(page.getByText(problem.advice).first()).toBeVisible();
    }
  });
}

test('every page says so where the API does not answer, and goes on when it does', async ({ console: page, t }) => {
  await page.route(/\/api\/v1\/(?!session)/, (route) => route.abort());
  for (const place of places) {
    await page.goto(place);
    await expect(page.getByText(t.problem.offline).first()).toBeVisible();
  }
  await page.unroute(/\/api\/v1\/(?!session)/);
  const again = page.getByRole('button', { name: t.problem.again });
  await expect(async () => { // it may also have asked again by itself
    if (await again.isVisible()) await again.click({ timeout: 1_000 });
    await expect(page.getByLabel(t.settings.zone)).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await page.context().setOffline(true);
  await expect(page.getByText(t.problem.youAreOffline)).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByText(t.problem.youAreOffline)).toHaveCount(0);
});

test('a session that the API ended leads back to the sign-in page', async ({ console: page, t }) => {
  await page.context().clearCookies();
  await page.goto('/#/settings');
  await expect(page.getByText(t.signin.ended)).toBeVisible();
});

test('who changed a rule meanwhile is not overwritten unasked', async ({ console: page, cloud, t }) => {
  await setUp(cloud);
  await cloud.call('POST', 'workspaces/nlp_train/rules', rule(cloud, 'shared', 'ops'));
  await page.goto(`${rulesPlace}/edit/shared`);
  await page.getByLabel(t.rule.description).fill('mine');
  await cloud.call('PUT', 'workspaces/nlp_train/rules/shared', { ...rule(cloud, 'shared', 'ops'), description: 'theirs' });
  await page.getByRole('button', { name: t.rule.save }).click();
  await expect(page.getByText(t.rule.changedTitle)).toBeVisible();
  await page.getByRole('button', { name: t.rule.overwrite }).click();
  await expect(page.locator('.editorBody')).toHaveCount(0); // its text area says mine, too
  await expect(page.locator('.name', { hasText: 'mine' })).toBeVisible();
});

test('who may only look is told so, and can change nothing', async ({ page, cloud, t }) => {
  await setUp(cloud);
  await cloud.call('POST', 'workspaces/nlp_train/rules', rule(cloud, 'looked-at', 'ops'));
  const { key } = (await cloud.call('POST', 'keys', { name: 'looker', role: 'viewer' })) as { key: string };
  await page.goto('/');
  await page.getByLabel(t.signin.key, { exact: true }).fill(key);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
  await page.goto(`${rulesPlace}/edit/looked-at`);
  await expect(page.getByText(t.rule.onlyReads)).toBeVisible();
  await expect(page.locator('.writing').getByLabel(t.rule.description)).toHaveValue('for ops');
  await expect(page.locator('.writing').locator('input:enabled, textarea:enabled')).toHaveCount(0);
  await expect(page.getByRole('button', { name: t.rule.test })).toBeDisabled();
  await page.goto('/#/settings');
  await expect(page.getByText(t.settings.onlyAdmin)).toBeVisible();
  await expect(page.locator('.settings').locator('input:enabled, textarea:enabled')).toHaveCount(0);
});

test('what a target says, when and to whom is kept as it was, changed there, and its faults are told in place', async ({ console: page, cloud, t }) => {
  await setUp(cloud);
  await cloud.call('POST', 'contacts', { id: 'sample-person', name: 'Sample Person', dingtalk: 'sample-1' });
  const whole = rule(cloud, 'whole', 'ops');
  const words = { before: 'On call: {{owner}}' };
  await cloud.call('POST', 'workspaces/nlp_train/rules', { ...whole, targets: whole.targets.map((one) => ({ ...one, words })) });
  await page.goto(`${rulesPlace}/edit/whole`);
  await page.getByLabel(t.rule.description).fill('changed here');
  await page.getByRole('button', { name: t.rule.save }).click();
  await expect(page.locator('.editorBody')).toHaveCount(0);
  await expect(page.locator('.name', { hasText: 'changed here' })).toBeVisible();
  const target = async () => ((await cloud.call('GET', 'workspaces/nlp_train/rules/whole')) as { targets: object[] }).targets[0];
  expect(await target()).toMatchObject({ words, secrets: { webhook: {}, secret: {} } });
  expect(await target()).not.toHaveProperty('when');

  await page.goto(`${rulesPlace}/edit/whole`);
  const part = (name: string) => page.locator(`[data-path="targets[0].${name}"]`);
  const wrong = part('words.before');
  await part('words').locator('summary').click();
  await wrong.locator('input').fill('{{owner}}, see {{colour}} now');
  await page.getByRole('button', { name: t.rule.save }).click();
  await expect(wrong.locator('mark')).toHaveText('{{colour}}');
  await wrong.locator('input').fill('{{owner}}, look at ');
  await wrong.getByRole('button').click();
  await page.getByRole('menuitem', { name: '{{name}}' }).click();
  await expect(wrong.locator('input')).toHaveValue('{{owner}}, look at {{name}}');
  await part('when').locator('summary').click();
  await part('when').getByRole('button', { name: t.when.add }).click();
  await part('when').getByRole('checkbox', { name: 'Sat' }).check();
  await part('when').getByRole('checkbox', { name: t.when.pass }).check();
  await part('when.gapMinutes').getByRole('spinbutton').fill('10');
  await expect(part('when').locator('summary')).toContainText('22:00–08:00 Sat');
  await part('mentions').locator('summary').click();
  await part('mentions').getByRole('checkbox', { name: t.mentions.owner }).check();
  await part('mentions.contacts').locator('.ant-select').click();
  await page.locator('.ant-select-item-option', { hasText: 'Sample Person' }).click();
  await page.getByRole('button', { name: t.rule.save }).click();
  await expect(page.locator('.editorBody')).toHaveCount(0);
  expect(await target()).toMatchObject({
    words: { before: '{{owner}}, look at {{name}}' },
    when: { quiet: [{ days: ['sat'], from: '22:00', to: '08:00' }], pass: 'failing', gapMinutes: 10 },
    mentions: { owner: true, contacts: ['sample-person'] },
  });
});

test('that PAI has been silent is said, and the exact time where one points', async ({ console: page, cloud, t }) => {
  await setUp(cloud);
  const last = new Date(Date.now() - 3 * 86_400_000);
  await page.route('**/api/v1/setup?*', async (route) => {
    const response = await route.fetch();
    const answer = (await response.json()) as { observed?: object };
    await route.fulfill({ response, json: { ...answer, observed: { unknown: [], ...answer.observed, lastEvent: last.toISOString() } } });
  });
  await page.goto('/#/w/nlp_train/setup');
  await expect(page.getByText(t.setup.silent.split('{{when}}')[0] + '3 days ago')).toBeVisible();
  await page.locator('main time').first().hover();
  await expect(page.getByRole('tooltip')).toContainText(last.toLocaleTimeString('en-US', { hourCycle: 'h23' }));
});

test('fifty rules and ten thousand deliveries stay quick, and hostile names are only text', async ({ console: page, t }) => {
  const hostile = '<script>alert(1)</script>';
  const rules = Array.from({ length: 50 }, (_, n) => ({
    name: `rule-${n}`, description: n === 7 ? hostile : 'x'.repeat(256), enabled: n % 2 === 0, units: 1, targets: [{ id: hostile, channel: 'dingtalk' }],
    event: { source: 'dlc', options: ['dlc.job.failed'], scope: { kind: 'allInWorkspace' } },
    ...(n === 1 ? { foreign: true } : n === 2 ? { drift: ['its pattern is another one'] } : {}),
  }));
  await page.route('**/api/v1/workspaces/many/rules?*', (route) => route.fulfill({ json: { items: rules } }));
  const delivery = (n: number) => ({
    id: `${'a'.repeat(20)}${String(n).padStart(6, '2')}`, state: 'dead', workspace: 'many', rule: hostile, target: 'ops', channel: 'dingtalk', object: `${hostile}${n}`,
    event: { id: `e${n}`, source: 'acs.paidlc' }, created: new Date(Date.now() - n * 1000).toISOString(), attempts: 1, class: 'rejected', code: '1',
  });
  await page.route('**/api/v1/deliveries?*', (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = Number(query.get('cursor') ?? 0);
    const limit = Number(query.get('limit'));
    return route.fulfill({ json: { items: Array.from({ length: limit }, (_, i) => delivery(from + i)), ...(from + limit < 10_000 ? { next: String(from + limit) } : {}) } });
  });
  await page.route('**/api/v1/deliveries/summary?*', (route) => route.fulfill({ json: { counts: [{ state: 'dead', channel: 'dingtalk', count: 10_000 }], hours: [], from: new Date().toISOString(), to: new Date().toISOString(), paused: false } }));

  await page.goto('/#/w/many/rules');
  await expect(page.getByText('51 of 50 rules')).toBeVisible();
  await expect(page.getByText(hostile).first()).toBeVisible();
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
  await expect(row('rule-1')).toContainText(t.rules.foreign);
  await row('rule-2').getByText(t.rules.drift, { exact: true }).hover();
  await expect(page.getByRole('tooltip')).toContainText('its pattern is another one');
  await page.getByLabel(t.rules.search).fill('rule-4');
  await expect(page.getByRole('link', { name: /^rule-/ })).toHaveCount(11);

  await page.goto('/#/deliveries?workspace=many');
  await expect(page.getByText('10,000').first()).toBeVisible();
  for (let pages = 2; pages <= 6; pages++) {
    await page.getByRole('button', { name: t.common.more }).click();
    await expect(page.locator('.opening')).toHaveCount(50 * pages);
  }
  const took = await page.evaluate(async () => {
    const from = performance.now();
    document.querySelector<HTMLElement>('.opening')?.click();
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    return performance.now() - from;
  });
  expect(took, 'milliseconds until the page moved with 300 rows').toBeLessThan(3_000);
  expect(await page.locator('script:not([src])').count()).toBe(0);
});

test('the first page is under 350 kB, and charts come only when they are asked for', async ({ browser, baseURL, cloud, t }) => {
  const page = await browser.newPage({ baseURL, locale: 'en-GB' }); // with nothing in its cache
  const sizes = new Map<string, number>();
  page.on('response', async (response) => {
    const path = new URL(response.url()).pathname;
    if (path.startsWith('/api/')) return;
    const { responseBodySize } = await response.request().sizes();
    sizes.set(path, responseBodySize);
  });
  await page.goto('/');
  await page.getByLabel(t.signin.key, { exact: true }).fill(cloud.key);
  await page.keyboard.press('Enter');
  await expect(page.getByLabel(t.workspace.name)).toBeVisible();
  await page.goto(rulesPlace);
  await expect(page.getByRole('heading', { name: t.rules.title })).toBeVisible();
  await page.waitForLoadState('networkidle');
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const timing = await page.evaluate(() => Math.round(performance.getEntriesByType('paint').find((one) => one.name === 'first-contentful-paint')?.startTime ?? 0));
  console.log(`first load with the rules: ${(total / 1000).toFixed(0)} kB in ${sizes.size} files; first contentful paint after ${timing} ms`);
  expect(total).toBeLessThan(350_000);
  expect([...sizes.keys()].filter((path) => path.includes('Chart'))).toEqual([]);
  await page.close();
});

test('it works below any prefix', async ({ page, cloud, t }) => {
  await page.route('**/some/where/**', async (route) => {
    const response = await fetch(route.request().url().replace('/some/where', ''), { method: route.request().method(), headers: route.request().headers(), body: route.request().postData() ?? undefined });
    const headers = Object.fromEntries(response.headers);
    delete headers['content-encoding']; // fetch has undone it
    await route.fulfill({ status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) });
  });
  await page.goto('/some/where/');
  await page.getByLabel(t.signin.key, { exact: true }).fill(cloud.key);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
});
