import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, phone, rule, rulesPlace, setUp, test, wide, type Variant } from './cloud';

test.use({ story: 'pages' });

test.describe.configure({ mode: 'serial' });

async function clean(page: Page, what: string) {
  // There are no frames, for which the other mode opens pages, and of what is right nothing is asked.
  const found = await new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] }).analyze();
  expect(found.violations.map((one) => `${what}: ${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)).toEqual([]);
}

/** Nothing is wider than the screen, nor than the panel that it is in. */
async function fits(page: Page, what: string) {
  const over = await page.evaluate(() => Math.max(...[document.documentElement, ...document.querySelectorAll('.ant-drawer-body')].map((one) => one.scrollWidth - one.clientWidth)));
  expect(over, `${what} scrolls sideways`).toBeLessThanOrEqual(0);
}

test('there is something to look at', async ({ cloud }) => {
  await setUp(cloud);
  const told = rule(cloud, 'told', 'ops');
  const parts = { when: { quiet: [{ days: ['sat'], from: '22:00', to: '08:00' }] }, words: { before: '{{owner}}' }, mentions: { owner: true } };
  await cloud.call('POST', 'workspaces/nlp_train/rules', { ...told, targets: told.targets.map((one) => ({ ...one, ...parts })) });
  await cloud.call('POST', 'workspaces/nlp_train/rules', rule(cloud, 'lost', 'unknown'));
  await cloud.call('POST', 'contacts', { id: 'sample-person', name: 'Sample Person', phone: '+8613800138000', email: 'sample@example.com' });
  await cloud.publish('paidlc:Job:Failed', { jobId: 'dlc1', displayName: 'llm-sft-7b', status: 'Failed', reasonMessage: 'CUDA out of memory' });
  await expect
    .poll(async () => ((await cloud.call('GET', 'deliveries?state=dead,delivered')) as { items: unknown[] }).items.length, { timeout: 60_000 })
    .toBeGreaterThanOrEqual(2);
});

const variants: [string, Variant & { viewport: typeof wide; locale: string; colorScheme: 'light' | 'dark' }][] = [
  ['in English', { language: 'en', viewport: wide, locale: 'en-GB', colorScheme: 'light' }],
  ['in Chinese, dark', { language: 'zh', viewport: wide, locale: 'zh-CN', colorScheme: 'dark' }],
  ['in Chinese, on a phone', { language: 'zh', viewport: phone, locale: 'zh-CN', colorScheme: 'light' }],
];
for (const [name, variant] of variants) {
  test.describe(name, () => {
    test.use(variant);

    test('the sign-in page', async ({ page, t }) => {
      await page.goto('/');
      await expect(page.getByRole('heading', { name: t.signin.title })).toBeVisible();
      await clean(page, 'sign-in');
      await fits(page, 'sign-in');
    });

    test('every page can be used with a screen reader, and fits the screen', async ({ console: page, t }) => {
      test.slow(); // axe looks at a dozen pages
      const pages: [string, () => Promise<void>][] = [
        [rulesPlace, () => expect(page.getByRole('link', { name: 'told' })).toBeVisible()],
        [`${rulesPlace}/new`, () => expect(page.getByLabel(t.rule.name, { exact: true })).toBeVisible()],
        [`${rulesPlace}/edit/told`, async () => {
          await expect(page.locator('.message').first()).toBeVisible();
          for (const part of await page.locator('.folded > summary').all()) await part.click();
          await expect(page.locator('.span')).toBeVisible();
        }],
        ['/#/w/nlp_train/events', () => expect(page.locator('.eventRow').first()).toBeVisible()],
        ['/#/w/nlp_train/setup', () => expect(page.locator('.step').first()).toBeVisible()],
        ['/#/deliveries?workspace=nlp_train', () => expect(page.locator('.opening').first()).toBeVisible()],
        ['/#/settings', () => expect(page.getByLabel(t.settings.zone)).toBeVisible()],
        ['/#/contacts', () => expect(page.locator('.opening').first()).toBeVisible()],
        ['/#/keys', () => expect(page.getByText('pnk_').first()).toBeVisible()],
        ['/#/audit', () => expect(page.getByText('key.make').or(page.getByText('session.open')).first()).toBeVisible()],
        ['/#/help', () => expect(page.getByRole('img').first()).toBeVisible()],
        ['/#/nowhere', () => expect(page.getByText(t.common.page)).toBeVisible()],
      ];
      for (const [place, there] of pages) {
        await page.goto(place);
        await there();
        await clean(page, place);
        await fits(page, place);
      }
    });

    test('a delivery, the chart and the choice of a workspace, too', async ({ console: page, t }) => {
      await page.goto('/#/deliveries?workspace=nlp_train&state=dead');
      await page.locator('.opening').first().click();
      await expect(page.locator('.ant-timeline')).toBeVisible();
      await clean(page, 'a delivery');
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).or(page.locator('.ant-drawer-close')).first().click();
      await page.getByRole('button', { name: t.deliveries.showChart }).click();
      await expect(page.locator('canvas').first()).toBeVisible({ timeout: 60_000 });
      await clean(page, 'the chart');
      await page.getByRole('button', { name: t.deliveries.chartTable }).click();
      await clean(page, 'the chart as a table');
      await page.getByRole('button', { name: new RegExp(`${t.workspace.title}: `) }).click();
      await expect(page.getByLabel(t.workspace.name)).toBeVisible();
      await clean(page, 'the choice of a workspace');
    });

    test('the filters are in the address and come back with it', async ({ console: page, t }) => {
      await page.goto('/#/deliveries?workspace=nlp_train&state=dead&rule=lost&range=day');
      await expect(page.locator('[data-state=dead]').first()).toBeVisible();
      await expect(page.getByRole('textbox', { name: t.deliveries.rule })).toHaveValue('lost');
      await page.getByRole('button', { name: t.deliveries.clear }).click();
      await expect(page).toHaveURL(/deliveries\?workspace=nlp_train$/);
      await page.getByRole('textbox', { name: t.deliveries.object }).fill('nobody');
      await expect(page.getByText(t.deliveries.nothing)).toBeVisible();
      await expect(page).toHaveURL(/object=nobody/);
    });
  });
}
