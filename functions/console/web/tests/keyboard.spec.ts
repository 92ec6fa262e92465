import type { Locator, Page } from '@playwright/test';
import { expect, rulesPlace, setUp, test } from './cloud';

test.use({ story: 'pages' });

/** Goes on with Tab until something has the focus. */
async function tabTo(page: Page, wanted: Locator) {
  for (let n = 0; n < 120; n++) {
    if (await wanted.evaluateAll((list) => list.some((one) => one === document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${wanted.toString()}`);
}

test('a rule is made with the keyboard alone', async ({ console: page, cloud, t }) => {
  await setUp(cloud);
  await page.goto(rulesPlace);
  await expect(page.getByRole('link', { name: t.rules.make })).toBeVisible();
  await tabTo(page, page.getByRole('link', { name: t.rules.make }));
  await page.keyboard.press('Enter');
  const name = page.getByLabel(t.rule.name, { exact: true });
  await expect(name).toBeVisible();
  await tabTo(page, name);
  await page.keyboard.type('by-keyboard');
  await tabTo(page, page.locator('input[name=source]'));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  await tabTo(page, page.getByRole('checkbox', { name: 'Job Fails' }));
  await page.keyboard.press('Space');
  await tabTo(page, page.getByRole('button', { name: t.rule.addTarget }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'DingTalk' })).toBeVisible();
  for (let n = 0; n < 20 && !(await page.evaluate(() => document.activeElement?.textContent?.startsWith('DingTalk'))); n++) {
    await page.keyboard.press(n === 0 ? 'Tab' : 'ArrowDown');
  }
  await page.keyboard.press('Enter');
  const webhook = page.locator('[data-path$="settings.webhook"] input');
  await expect(webhook).toBeVisible();
  await tabTo(page, webhook);
  await page.keyboard.type(`${cloud.inbox}/dingtalk/robot/send?access_token=keyboard`);
  await page.keyboard.press('Tab');
  await page.keyboard.type('SEC-keyboard');
  await tabTo(page, page.getByRole('button', { name: t.rule.test }));
  await page.keyboard.press('Enter');
  await expect(page.getByText(t.rule.testOK)).toBeVisible();
  await tabTo(page, page.getByRole('button', { name: t.rule.create }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('link', { name: 'by-keyboard' })).toBeVisible();
});
