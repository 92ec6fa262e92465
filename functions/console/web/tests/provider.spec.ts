import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from '@playwright/test';
import { expect, start, test as plain, type Cloud } from './cloud';

/** A local cloud with an identity provider, whose time can be moved. */
interface Site {
  cloud: Cloud;
  /** Ends the cloud, and starts it again so many hours later. */
  later(hours: number): Promise<void>;
}

const test = plain.extend<object, { site: Site }>({
  site: [
    async ({ story }, use) => {
      const folder = mkdtempSync(join(tmpdir(), `console-${story}-`));
      let running = await start(folder, ['-provider']);
      const end = async () => {
        running.process.removeAllListeners('exit');
        running.process.kill('SIGTERM');
        await once(running.process, 'exit');
      };
      await use({
        cloud: running.cloud,
        async later(hours) {
          await end();
          writeFileSync(join(folder, 'clock'), `1@${new Date().toISOString()}=${new Date(Date.now() + hours * 3_600_000).toISOString()}`);
          running = await start(folder, ['-provider'], running.port);
        },
      });
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  cloud: [async ({ site }, use) => use(site.cloud), { scope: 'worker' }],
});

test.use({ story: 'provider' });

/** Goes through the provider's own page, which is of another site, and back. */
async function signIn(page: Page, name: string): Promise<void> {
  await page.goto('/');
  await page.getByRole('link', { name: /127\.0\.0\.2/ }).click();
  await page.getByLabel('Username:').fill(name);
  await page.getByLabel('Password:').fill('local');
  await page.getByRole('button', { name: 'Login' }).click();
}

/** The one cookie of the site. */
async function cookie(context: BrowserContext, cloud: Cloud) {
  const all = await context.cookies(cloud.api);
  expect(all.length).toBeLessThan(2);
  return all[0];
}

/** Who the API takes the browser for. */
async function who(context: BrowserContext, cloud: Cloud): Promise<{ status: number; via?: string; role?: string; workspaces?: string[]; id?: string }> {
  const response = await context.request.get(`${cloud.api}/api/v1/session`);
  return { ...((await response.json()) as object), status: response.status() };
}

async function plant(context: BrowserContext, cloud: Cloud, value: string) {
  await context.addCookies([{ name: 'pai-notify', value, url: cloud.api, httpOnly: true, sameSite: 'Strict' }]);
}

test('somebody signs in through the provider with the role of their groups, in one cookie that no script reads', async ({ page, context, cloud, t }) => {
  await signIn(page, 'trainer');
  await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
  expect(await who(context, cloud)).toMatchObject({ status: 200, via: 'provider', role: 'editor', workspaces: ['nlp_train'] });
  expect(await cookie(context, cloud)).toMatchObject({ name: 'pai-notify', httpOnly: true, sameSite: 'Strict', path: '/' });
  expect(await page.evaluate(() => document.cookie)).toBe('');
  expect(page.url()).not.toMatch(/code=|state=/);
});

test('whose groups have no role is told so, and is not let in', async ({ page, context, cloud, t }) => {
  await signIn(page, 'stranger');
  await expect(page.getByText(/none of your groups has a role here/)).toBeVisible();
  expect((await who(context, cloud)).status).toBe(401);
  await page.goto('/');
  await expect(page.getByLabel(t.signin.key, { exact: true })).toBeVisible();
});

test('a session that was planted before the sign-in is not the one that it opens', async ({ page, context, cloud, t }) => {
  const opened = await fetch(`${cloud.api}/api/v1/session`, { method: 'POST', headers: { Authorization: `Bearer ${cloud.key}` } });
  const planted = /pai-notify=([^;]+)/.exec(opened.headers.get('set-cookie') ?? '')?.[1] ?? '';
  expect(planted).toMatch(/^pns_/);
  for (const value of [planted, 'pns_' + 'a'.repeat(52), 'pno_' + 'a'.repeat(52)]) {
    await plant(context, cloud, value);
    await page.goto('/api/v1/session/provider/start');
    await page.getByLabel('Username:').fill('admin');
    await page.getByLabel('Password:').fill('local');
    await page.getByRole('button', { name: 'Login' }).click();
    await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
    const now = await cookie(context, cloud);
    expect(now?.value).toMatch(/^pns_/);
    expect(now?.value).not.toBe(value);
    expect(await who(context, cloud)).toMatchObject({ via: 'provider', role: 'admin' });
  }
  const theirs = await fetch(`${cloud.api}/api/v1/session`, { headers: { Cookie: `pai-notify=${planted}` } });
  expect(await theirs.json()).toMatchObject({ via: 'session' }); // whoever planted it has what they had, and nothing of the person's
});

test('what the provider answered is of use once, and in the browser that asked alone', async ({ page, context, browser, cloud, t }) => {
  const answers: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/provider/callback')) answers.push(request.url());
  });
  await signIn(page, 'admin');
  await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
  expect(answers).toHaveLength(1);
  const other = await browser.newContext();
  for (const [where, in_] of [[await other.newPage(), other], [await context.newPage(), context]] as const) {
    const finished = where.waitForResponse(/\/provider\/finish/);
    await where.goto(answers[0] ?? '');
    expect((await finished).status()).toBe(401);
    await expect(where.getByRole('link')).toHaveAttribute('href', '/');
    await expect(where.locator('body')).not.toContainText('"code"');
    expect((await who(in_, cloud)).status).toBe(in_ === context ? 200 : 401);
  }
  await other.close();
});

test('an administrator ends all sessions of a person at once', async ({ page, browser, cloud, t }) => {
  const other = await browser.newContext();
  await signIn(await other.newPage(), 'trainer');
  await expect.poll(async () => (await who(other, cloud)).status).toBe(200);
  await signIn(page, 'admin');
  await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
  await page.goto('/#/keys');
  await page.getByRole('button', { name: new RegExp(`^${t.keys.end}: .*trainer`, 'i') }).click();
  await page.getByRole('dialog').getByRole('button', { name: t.keys.end }).click();
  await expect.poll(async () => (await who(other, cloud)).status).toBe(401);
  await expect(page.getByRole('button', { name: new RegExp(`^${t.keys.end}: .*admin`, 'i') })).toBeVisible();
  await other.close();
});

test('a page of another site, or of the same host, changes nothing with the session', async ({ page, context, cloud, t }) => {
  await signIn(page, 'admin');
  await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
  const before = JSON.stringify(await cloud.call('GET', 'keys'));
  const servers: Server[] = [];
  // Of 127.0.0.1 with another port the browser brings the cookie, since ports are of no account to SameSite.
  for (const [host, status, code] of [['127.0.0.1', 403, 'CrossSite'], ['127.0.0.2', 401, 'Unauthenticated']] as const) {
    const server = createServer((_, answer) => {
      answer.setHeader('Content-Type', 'text/html');
      answer.end(`<form method="post" enctype="text/plain" action="${cloud.api}/api/v1/keys"><input name='{"name":"stolen","role":"admin","paiUser":"' value='"}'><button>Win a prize</button></form>`);
    });
    servers.push(server.listen(0, host));
    await once(server, 'listening');
    await page.goto(`http://${host}:${(server.address() as AddressInfo).port}/`);
    const outcome = await page.evaluate(async (api) => {
      const tries: [string, RequestInit][] = [
        [`${api}/api/v1/keys`, { method: 'POST', body: '{"name":"stolen","role":"admin"}', mode: 'no-cors' }],
        [`${api}/api/v1/session`, { method: 'DELETE' }],
        [`${api}/api/v1/session`, {}],
      ];
      return Promise.all(tries.map(([url, how]) => fetch(url, { ...how, credentials: 'include' }).then((response) => response.type, () => 'refused')));
    }, cloud.api);
    expect(outcome, 'what the page gets to see').toEqual(['opaque', 'refused', 'refused']);
    const posted = page.waitForResponse((response) => response.request().isNavigationRequest() && response.url().endsWith('/keys'));
    await page.getByRole('button').click();
    const response = await posted;
    expect(response.status()).toBe(status);
    expect(await response.text()).toContain(code);
  }
  for (const server of servers) server.close();
  expect(JSON.stringify(await cloud.call('GET', 'keys'))).toBe(before);
  expect(await who(context, cloud)).toMatchObject({ status: 200, via: 'provider' }); // nobody signed out either
});

test('a cookie is of no use once its session has ended: by sign-out, or by time', async ({ page, context, cloud, site, t }) => {
  const refused = async (value: string) => {
    await plant(context, cloud, value);
    expect((await who(context, cloud)).status).toBe(401);
    await page.goto('/');
    await expect(page.getByLabel(t.signin.key, { exact: true })).toBeVisible();
    await context.clearCookies();
  };
  await signIn(page, 'admin');
  await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
  const ended = (await cookie(context, cloud))?.value ?? '';
  await page.getByRole('button', { name: t.nav.signOut }).click();
  await expect(page.getByLabel(t.signin.key, { exact: true })).toBeVisible();
  expect(await cookie(context, cloud)).toBeUndefined();
  await refused(ended);

  await signIn(page, 'admin');
  await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
  const idle = (await cookie(context, cloud))?.value ?? '';
  await site.later(1.1); // an hour without a request ends a session
  await refused(idle);
});
