import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test as plain, type BrowserContext, type BrowserContextOptions, type Page } from '@playwright/test';
import { en, type Texts } from '../src/text/en';
import { zh } from '../src/text/zh';

const root = resolve(import.meta.dirname, '../../../..');

/** A local cloud with the packaged binaries, for one worker. */
export interface Cloud {
  api: string;
  cloud: string;
  inbox: string;
  key: string;
  /** Calls the API with the first key. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Puts an event on the workspace's bus, as PAI would. */
  publish(type: string, data: Record<string, unknown>, source?: string): Promise<void>;
  /** Fires a function's timer, which comes by itself once a minute. */
  fire(name: string): Promise<void>;
  /** What the stand-in receivers took, as text. */
  received(): Promise<string>;
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 30_000);
    const held = await Promise.all([0, 1, 2].map((n) => hold(port + n)));
    for (const one of held) one?.close();
    if (held.every(Boolean)) return port;
  }
}

const hold = (port: number) =>
  new Promise<ReturnType<typeof createServer> | undefined>((tell) => {
    const server = createServer();
    server.once('error', () => tell(undefined));
    server.listen(port, '127.0.0.1', () => tell(server));
  });

async function ready(process: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((tell, fail) => {
    const read = (text: Buffer) => {
      said += text.toString();
      if (/^ready$/m.test(said)) tell();
    };
    process.stdout?.on('data', read);
    process.stderr?.on('data', read);
    process.once('exit', (code) => fail(new Error(`the local cloud ended with ${code}: ${said}`)));
  });
}

let number = 0;

/** Runs a local cloud in a folder, with more flags where a story needs them. */
export async function start(folder: string, flags: string[] = [], port?: number): Promise<{ cloud: Cloud; port: number; process: ChildProcess }> {
  port ??= await freePort();
  const template = process.env.TEMPLATE ?? join(root, 's.yaml');
  const child = spawn(process.env.LOCALCLOUD ?? join(root, '.cache/bin/localcloud'), ['-port', String(port), '-data', folder, '-template', template, '-awake', ...flags], { cwd: root });
  await ready(child);
  const { api, cloud, inbox, key } = JSON.parse(readFileSync(join(folder, 'local.json'), 'utf8')) as Cloud;
  return {
    process: child,
    port,
    cloud: {
      api, cloud, inbox, key,
      async call(method, path, body) {
        const response = await fetch(`${api}/api/v1/${path}`, { method, headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
        const text = await response.text();
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
        return text === '' ? undefined : (JSON.parse(text) as unknown);
      },
      async publish(type, data, source = 'acs.paidlc') {
        const event = { specversion: '1.0', id: `event-${++number}-${Date.now()}`, source, type, data };
        const response = await fetch(`${cloud}/local/events?bus=pai-system-nlp_train`, { method: 'POST', body: JSON.stringify(event) });
        if (!response.ok) throw new Error(`publish: ${response.status} ${await response.text()}`);
      },
      async fire(name) {
        const response = await fetch(`${cloud}/local/timers?function=${name}`, { method: 'POST' });
        if (!response.ok) throw new Error(`fire ${name}: ${response.status} ${await response.text()}`);
      },
      received: async () => (await fetch(`${inbox}/api/inbox`)).text(),
    },
  };
}

export interface Variant {
  language: 'en' | 'zh';
}

/** The screens that the page is tried on. */
export const wide = { width: 1280, height: 860 };
export const phone = { width: 390, height: 844 };

interface Tools {
  /** The page's texts in the language of the test. */
  t: Texts;
  /** The page, signed in. */
  console: Page;
}

/**
 * Tests of the page in a real browser. A file of tests names its story, and has a local cloud for it: what one story sets up
 * is not there for another, while two files of one story may find what the other left. None may break the page's policy or
 * throw. The tests of a worker have the browser's cache in common, so that the page is fetched and compiled once; when one
 * begins there is neither a session nor anything that the page remembers.
 */
export const test = plain.extend<Variant & Tools, { story: string; cloud: Cloud; contexts: Map<string, BrowserContext> }>({
  language: ['en', { option: true }],
  story: ['', { option: true, scope: 'worker' }],
  cloud: [
    async ({ story }, use) => {
      const folder = mkdtempSync(join(tmpdir(), `console-${story}-`));
      const { cloud, process } = await start(folder);
      await use(cloud);
      process.removeAllListeners('exit');
      process.kill('SIGTERM');
      await once(process, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  contexts: [
    async ({ browser: _ }, use) => {
      const kept = new Map<string, BrowserContext>();
      await use(kept);
      await Promise.all([...kept.values()].map((one) => one.close()));
    },
    { scope: 'worker' },
  ],
  context: async ({ browser, contexts, contextOptions, viewport, locale, colorScheme, baseURL }, use) => {
    const options: BrowserContextOptions = { ...contextOptions, viewport, locale, colorScheme, baseURL };
    const key = JSON.stringify(options);
    const context = contexts.get(key) ?? (await browser.newContext(options));
    contexts.set(key, context);
    await context.clearCookies();
    await use(context);
  },
  baseURL: async ({ cloud }, use) => use(cloud.api),
  t: async ({ language }, use) => use(language === 'zh' ? zh : en),
  page: async ({ context, baseURL }, use) => {
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send('Storage.clearDataForOrigin', { origin: baseURL ?? '', storageTypes: 'local_storage' });
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) wrong.push(message.text());
    });
    await use(page);
    await page.close();
    expect(wrong, 'errors of the page, and what its policy refused').toEqual([]);
  },
  console: async ({ page, context, cloud, t }, use) => {
    const opened = await fetch(`${cloud.api}/api/v1/session`, { method: 'POST', headers: { Authorization: `Bearer ${cloud.key}` } });
    const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(opened.headers.get('set-cookie') ?? '') ?? [];
    await context.addCookies([{ name, value, url: cloud.api, httpOnly: true, sameSite: 'Strict' }]);
    await page.goto('/');
    await expect(page.getByRole('button', { name: t.nav.signOut })).toBeVisible();
    await use(page);
  },
});

export { expect };

/** Sets the workspace up with the API, for tests of other pages. */
export async function setUp(cloud: Cloud): Promise<void> {
  const order = { workspace: 'nlp_train', activate: true };
  await expect
    .poll(async () => {
      const { steps } = (await cloud.call('POST', 'setup?workspace=nlp_train', order)) as { steps: { state: string }[] };
      return steps.every((one) => one.state === 'done' || one.state === 'unused');
    }, { timeout: 90_000 })
    .toBe(true);
}

export const rulesPlace = '/#/w/nlp_train/rules';

/** A rule as the API takes it. */
export function rule(cloud: Cloud, name: string, token: string) {
  return {
    name, description: `for ${token}`, event: { source: 'dlc', options: ['dlc.job.failed'], scope: { kind: 'allInWorkspace' } },
    targets: [{ id: 'ops', channel: 'dingtalk', settings: { webhook: `${cloud.inbox}/dingtalk/robot/send?access_token=${token}`, secret: `SEC-${token}` } }],
  };
}
