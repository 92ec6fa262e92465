import type { Locator, Page } from '@playwright/test';
import { expect, rulesPlace, test } from './cloud';
import type { Texts } from '../src/text/en';

test.use({ story: 'flow' });

/** The whole road of somebody new: each test goes on where the one before it stopped. */
test.describe.configure({ mode: 'serial' });

async function fillTarget(page: Page, t: Texts, channel: string, settings: Record<string, string>) {
  await page.getByRole('button', { name: t.rule.addTarget }).first().click();
  await page.getByRole('menuitem', { name: channel }).click();
  const target = page.locator('fieldset.target').last();
  for (const [field, value] of Object.entries(settings)) await target.locator(`[data-path$="settings.${field}"] input`).fill(value);
  return target;
}

async function newRule(page: Page, t: Texts, name: string, source: string, options: string[]) {
  await page.goto(rulesPlace);
  await page.goto(`${rulesPlace}/new`);
  await page.getByLabel(t.rule.name, { exact: true }).fill(name);
  await tick(page.locator(`input[name=source][value=${source}]`));
  for (const option of options) await tick(page.getByRole('checkbox', { name: option }));
}

/** Ticks a box by its label, which lies over it. One click is enough. */
async function tick(box: Locator) {
  await expect(box).toBeAttached();
  if (!(await box.isChecked())) await box.locator('xpath=ancestor::label[1]').click();
  await expect(box).toBeChecked();
}

test('a wrong key is refused with what to do, a right one opens the page', async ({ page, cloud, t }) => {
  await page.goto('/');
  const key = page.getByLabel(t.signin.key, { exact: true });
  await key.fill(`pnk_${'a'.repeat(10)}_${'b'.repeat(52)}`);
  await page.getByRole('button', { name: t.signin.button }).click();
  await expect(page.getByRole('alert')).toContainText(/API/);
  await key.fill(cloud.key);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: t.workspace.choose })).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))).not.toContain('pn');
});

test('set-up activates EventBridge, does its steps and sees the canary come back', async ({ console: page, t }) => {
  await page.getByLabel(t.workspace.name).fill('nlp_train');
  await page.keyboard.press('Enter');
  const step = (id: string) => page.locator(`[data-step=${id}]`);
  await expect(step('activation')).toContainText('ServiceNotEnable');
  await expect(step('activation')).toContainText(t.setup.notEnabled);
  await step('activation').getByRole('button').click();
  await page.getByRole('button', { name: t.setup.activateOK }).click();
  await expect(step('activation')).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
  const all = page.getByRole('button', { name: t.setup.all });
  await all.click();
  await expect(step('canary')).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
  await expect(page.getByText(t.setup.allDone)).toBeVisible();
  await page.getByRole('button', { name: t.setup.showPolicy }).click();
  await expect(page.locator('.policy pre')).toContainText('eventbridge:PutTargets');
  await expect(page.locator('.policyText')).toContainText('dysms:SendSms');
});

test('a rule is made, its failed test says why, and after the correction it passes', async ({ console: page, cloud, t, language }) => {
  await newRule(page, t, 'ops-room', 'dlc', language === 'zh' ? ['任务失败'] : ['Job Fails']);
  const target = await fillTarget(page, t, language === 'zh' ? '钉钉' : 'DingTalk', { webhook: `${cloud.inbox}/dingtalk/robot/send?access_token=unknown`, secret: 'SEC-ops' });
  const diagnosis = target.locator('.test').getByRole('alert'); // a field may have a fault of its own until the draft is looked at anew
  await target.getByRole('button', { name: t.rule.test }).click();
  await expect(diagnosis).toContainText(t.rule.testFailed);
  await expect(diagnosis).toContainText('300005');
  await expect(diagnosis).toContainText(language === 'zh' ? 'Webhook 地址' : 'Copy the webhook URL');
  await target.locator('[data-path$="settings.webhook"] input').fill(`${cloud.inbox}/dingtalk/robot/send?access_token=ops`);
  await target.getByRole('button', { name: t.rule.test }).click();
  await expect(diagnosis).toContainText(t.rule.testOK);
  await expect(page.locator('.message .subject').first()).toContainText(/.+/);
  await page.getByRole('button', { name: t.rule.create }).click();
  await expect(page.getByRole('link', { name: 'ops-room' })).toBeVisible();
});

test('a rule of each other channel is made', async ({ console: page, cloud, t, language }) => {
  const kinds = [
    ['team', 'flow', language === 'zh' ? '企业微信' : 'WeCom', { webhook: `${cloud.inbox}/wecom/cgi-bin/webhook/send?key=team` }],
    ['notebooks', 'dsw', language === 'zh' ? '飞书' : 'Lark', { webhook: `${cloud.inbox}/lark/open-apis/bot/v2/hook/nb` }],
    ['registry', 'model', 'Webhook', { url: `${cloud.inbox}/webhook/models` }],
  ] as const;
  for (const [name, source, channel, settings] of kinds) {
    await newRule(page, t, name, source, []);
    await tick(page.locator('.optionGroup input[type=checkbox]').nth(1));
    await fillTarget(page, t, channel, settings);
    await page.getByRole('button', { name: t.rule.create }).click();
    await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
  }
});

test('who sends text messages is set, and what is wrong there is told in place', async ({ console: page, cloud, t, language }) => {
  await page.goto('/#/settings');
  const row = (name: string) => page.locator(`[data-path="channels.${name}"]`);
  const save = page.getByRole('button', { name: t.common.save });
  await row('sms.signName').locator('input').fill('');
  await row('sms.templateZh').locator('input').fill('SMS-1');
  await row('email.from').locator('input').fill('nobody');
  await save.click();
  await expect(row('sms.templateZh').getByRole('alert')).toContainText('SMS_123456789');
  await expect(row('sms.signName')).toHaveClass(/wrong/); // it is missing
  await expect(row('email.from').getByRole('alert')).toContainText('pai@example.com');
  await page.getByRole('button', { name: language === 'zh' ? '短信的发送方 › 短信签名' : 'Sender of SMS › Sign name' }).click(); // the list of faults leads there
  await page.keyboard.type('机器学习');
  await row('sms.templateZh').locator('input').fill('SMS_123456789');
  await row('email.from').locator('input').fill('pai@mail.example.com');
  for (const input of await page.locator('[data-path^="channels.voice."] input[type=text]').all()) await input.fill('');
  await tick(row('voice.playTimes').locator('input[value=""]'));
  await save.click();
  await expect(page.getByText(t.settings.saved)).toBeVisible();
  const { channels } = (await cloud.call('GET', 'settings')) as { channels: object };
  expect(channels).toMatchObject({ sms: { signName: '机器学习', templateZh: 'SMS_123456789' }, email: { from: 'pai@mail.example.com' } });
  expect(channels).not.toHaveProperty('voice'); // of which nothing was left
});

test('somebody becomes a contact, and a rule calls, texts and mails them', async ({ console: page, cloud, t, language }) => {
  await page.goto('/#/contacts');
  await page.getByRole('button', { name: t.contacts.make }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel(t.contacts.name, { exact: true }).fill('On Call');
  await form.getByLabel(t.contacts.phone).fill('+8613800138000');
  await form.getByLabel(t.contacts.email).fill('oncall@example.com');
  await form.getByRole('button', { name: t.common.save }).click();
  await expect(page.getByRole('button', { name: 'On Call' })).toBeVisible();
  await newRule(page, t, 'night-shift', 'dsw', []);
  await tick(page.locator('.optionGroup input[type=checkbox]').nth(1));
  for (const channel of language === 'zh' ? ['短信', '语音', '邮件'] : ['SMS', 'Voice', 'Email']) {
    const target = await fillTarget(page, t, channel, {});
    await target.locator('[data-path$=contacts] .ant-select').click();
    await page.locator('.ant-select-dropdown:visible .ant-select-item-option', { hasText: 'On Call' }).click();
  }
  await expect(page.locator('[data-path$="settings.outcomes"]')).toContainText(language === 'zh' ? '仅失败类事件' : 'Only what failed');
  await expect(page.getByText(t.rule.units.replace('{{n}}', '3').replace('{{max}}', '5'))).toBeVisible();
  await page.getByRole('button', { name: t.rule.create }).click();
  await expect(page.getByRole('link', { name: 'night-shift' })).toBeVisible();
  const { targets } = (await cloud.call('GET', 'workspaces/nlp_train/rules/night-shift')) as { targets: object[] };
  expect(targets).toMatchObject(['sms', 'voice', 'email'].map((channel) => ({ channel, contacts: ['on-call'] })));
});

test('faults are told at their fields in the language of the page, and leaving with unsaved changes asks', async ({ console: page, t, language }) => {
  await page.goto(rulesPlace);
  await page.getByRole('link', { name: t.rules.make }).click();
  await page.getByRole('button', { name: t.rule.create }).click();
  await expect(page.getByText(t.rule.faults)).toBeVisible();
  await expect(page.locator('[data-path=name]')).toHaveClass(/wrong/);
  await expect(page.locator('[data-path=name] .fault')).toHaveText(language === 'zh' ? '不能为空，请填写' : 'is missing; give it a value');
  const target = await fillTarget(page, t, language === 'zh' ? '钉钉' : 'DingTalk', { webhook: 'http://oapi.dingtalk.com/robot/send?access_token=x' });
  const insecure = language === 'zh' ? '不是 https，只允许 https' : 'is not https; only https is allowed';
  await expect(target.locator('[data-path$="settings.webhook"] .fault')).toHaveText(insecure);
  const list = page.getByRole('alert').filter({ hasText: t.rule.faults }).getByRole('listitem');
  const webhook = await target.locator('[data-path$="settings.webhook"] label').innerText();
  await expect(list.filter({ hasText: insecure }).getByRole('button')).toHaveText(`${t.rule.target.replace('{{n}}', '1')} › ${webhook}`);
  await expect(list.filter({ has: page.getByRole('button', { name: t.rule.name, exact: true }) })).toHaveCount(1);
  if (language === 'zh') for (const one of await list.allInnerTexts()) expect(one).not.toMatch(/[a-z] [a-z]/); // English words
  await page.getByLabel(t.rule.name, { exact: true }).fill('half-made');
  await page.getByRole('button', { name: t.common.cancel }).click();
  await expect(page.getByText(t.common.leaveTitle)).toBeVisible();
  await page.getByRole('button', { name: t.common.stay }).click();
  await expect(page.getByLabel(t.rule.name, { exact: true })).toHaveValue('half-made');
  await page.getByRole('button', { name: t.common.cancel }).click();
  await page.getByRole('button', { name: t.common.leave, exact: true }).click();
  await expect(page.getByRole('link', { name: 'ops-room' })).toBeVisible();
});

test('an event arrives at the receiver and in the list, whatever its job is called', async ({ console: page, cloud, t }) => {
  const hostile = '</at><img src=x onerror=alert(1)>{{t}}';
  await cloud.publish('paidlc:Job:Failed', { jobId: 'dlc-hostile', displayName: hostile, status: 'Failed', reasonMessage: `CUDA out of memory ${'x'.repeat(12_000)}` });
  await page.goto('/#/deliveries?workspace=nlp_train&object=dlc-hostile');
  await expect(page.locator('[data-state=delivered]').first()).toBeVisible({ timeout: 60_000 });
  expect(await cloud.received()).toContain('onerror');
  await page.goto(`${rulesPlace}/edit/ops-room`);
  await expect(page.locator('.message .subject').first()).toContainText('onerror=alert(1)');
  await expect(page.locator('.message img')).toHaveCount(0);
  await expect(page.getByText(t.rule.preview, { exact: true })).toBeVisible();
});

test('what the catalogue does not know is listed, and any event is a sample for a new rule', async ({ console: page, cloud, t, language }) => {
  await cloud.publish('paidlc:Job:Vanished', { jobId: 'dlc-odd', displayName: 'odd', colour: 'blue' });
  const row = page.locator('.eventRow');
  await expect(async () => {
    await page.goto('/#/w/nlp_train/events');
    await page.reload();
    await expect(row.filter({ hasText: 'dlc-odd' })).toContainText(t.events.unknown, { timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
  const names = page.getByRole('region', { name: t.events.names });
  await expect(names).toContainText('paidlc:Job:Vanished');
  await expect(names).toContainText('colour');
  await row.filter({ hasText: 'dlc-hostile' }).getByRole('link', { name: t.events.sample }).click();
  await expect(page.locator('input[name=source][value=dlc]')).toBeChecked();
  await expect(page.locator('.optionGroup input:checked').first()).toBeAttached();
  await fillTarget(page, t, language === 'zh' ? '飞书' : 'Lark', {});
  await expect(page.locator('.message .subject').first()).toContainText('onerror=alert(1)');
});

test('a dead delivery says why, and after the rule is corrected it is replayed and arrives', async ({ console: page, cloud, t }) => {
  await page.goto(`${rulesPlace}/edit/ops-room`);
  const webhook = page.locator('[data-path$="settings.webhook"]');
  await webhook.getByRole('button').click();
  await webhook.locator('input').fill(`${cloud.inbox}/dingtalk/robot/send?access_token=unknown`);
  await page.getByRole('button', { name: t.rule.save }).click();
  await expect(page.locator('.editorBody')).toHaveCount(0);
  await cloud.publish('paidlc:Job:Failed', { jobId: 'dlc-lost', displayName: 'lost', status: 'Failed' });
  await page.goto('/#/deliveries?workspace=nlp_train&object=dlc-lost');
  await expect(page.locator('[data-state=dead]').first()).toBeVisible({ timeout: 60_000 });
  await page.locator('.opening').first().click();
  const drawer = page.getByRole('dialog');
  await expect(drawer).toContainText('300005');
  await expect(drawer).toContainText(t.deliveries.advice);

  await drawer.getByRole('link', { name: 'ops-room' }).click();
  await webhook.getByRole('button').click();
  await webhook.locator('input').fill(`${cloud.inbox}/dingtalk/robot/send?access_token=ops`);
  await page.getByRole('button', { name: t.rule.save }).click();
  await expect(page.locator('.editorBody')).toHaveCount(0);
  await page.goto('/#/deliveries?workspace=nlp_train&object=dlc-lost');
  await page.locator('.opening').first().click();
  await drawer.getByRole('button', { name: t.deliveries.replay }).click();
  await expect(drawer.locator('[data-state=waiting]')).toBeVisible();
  await cloud.fire('deliver-dingtalk');
  await expect(drawer.locator('[data-state=delivered]')).toBeVisible();
});

test('everything is paused, what comes in waits, is cancelled in one go, and it goes on', async ({ console: page, cloud, t }) => {
  await page.goto('/#/deliveries?workspace=nlp_train');
  await page.getByRole('button', { name: t.deliveries.pause }).click();
  await page.getByRole('dialog').getByRole('button', { name: t.deliveries.pause }).click();
  await expect(page.getByText(t.deliveries.paused)).toBeVisible();
  await expect(async () => { // a function has new settings within five seconds
    await cloud.publish('paidlc:Job:Failed', { jobId: 'dlc-held', displayName: 'held', status: 'Failed' });
    const { items } = (await cloud.call('GET', 'deliveries?workspace=nlp_train&object=dlc-held&state=waiting')) as { items: unknown[] };
    expect(items.length).toBeGreaterThan(0);
  }).toPass({ timeout: 60_000 });
  await page.goto('/#/deliveries?workspace=nlp_train&object=dlc-held&state=waiting');
  await expect(page.locator('[data-state=waiting]').first()).toBeVisible();
  await page.getByRole('button', { name: t.deliveries.bulkCancel }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: t.deliveries.cancel, exact: true }).click();
  await expect(dialog.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '100', { timeout: 60_000 });
  await dialog.locator('.ant-modal-footer').getByRole('button', { name: t.common.close }).click();
  await page.getByRole('button', { name: t.deliveries.resume }).click();
  await expect(page.getByText(t.deliveries.paused)).toHaveCount(0);
});

test('a rule is muted, disabled and deleted', async ({ console: page, t }) => {
  await page.goto(rulesPlace);
  const menu = page.getByRole('button', { name: t.rules.actionsOf.replace('{{name}}', 'team') });
  const open = async () => {
    await menu.click();
    await page.getByRole('menuitem', { name: t.mute.menu }).click();
  };
  await open();
  await page.getByRole('dialog').getByRole('button', { name: t.mute.go, exact: true }).click();
  await expect(page.locator('.state.muted')).toBeVisible();
  await open();
  await page.getByRole('dialog').getByRole('button', { name: t.mute.liftOf.replace('{{what}}', t.mute.whole) }).click();
  await expect(page.locator('.state.muted')).toHaveCount(0);
  const toggle = page.getByRole('switch', { name: t.rules.enable.replace('{{name}}', 'team') });
  await toggle.click();
  await expect(toggle).not.toBeChecked();
  await menu.click();
  await page.getByRole('menuitem', { name: t.common.remove }).click();
  await page.getByRole('dialog').getByRole('button', { name: t.common.remove }).click();
  await expect(page.getByRole('link', { name: 'team', exact: true })).toHaveCount(0);
});

test('signing out ends the session', async ({ console: page, t }) => {
  await page.getByRole('button', { name: t.nav.signOut }).click();
  await expect(page.getByLabel(t.signin.key, { exact: true })).toBeVisible();
  await page.reload();
  await expect(page.getByLabel(t.signin.key, { exact: true })).toBeVisible();
});
