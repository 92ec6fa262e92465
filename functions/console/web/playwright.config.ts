import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';
import { phone, wide, type Variant } from './tests/cloud';

/** The browser of this machine; make tools installs it. */
const chromium = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));
if (!chromium) throw new Error('no Chromium is on this machine: make tools installs it, or CHROMIUM names one');

export default defineConfig<Variant>({
  testDir: 'tests',
  outputDir: 'test-results',
  timeout: 120_000,
  expect: { timeout: 20_000 },
  workers: 2,
  fullyParallel: false,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    launchOptions: { executablePath: chromium, args: ['--no-sandbox'] }, // root in a container has no sandbox
    contextOptions: { reducedMotion: 'reduce' }, // nothing is clicked, or looked at, while it still moves
    actionTimeout: 20_000,
    screenshot: 'only-on-failure',
    trace: 'off',
  },
  projects: [
    // The longest files begin together: both roads, then what is short.
    { name: 'phone', use: { language: 'zh', viewport: phone, locale: 'zh-CN', colorScheme: 'light' }, testMatch: /flow\.spec/ },
    { name: 'en', use: { language: 'en', viewport: wide, locale: 'en-GB', colorScheme: 'light' } },
  ],
});
