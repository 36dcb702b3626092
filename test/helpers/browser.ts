import { access, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The program of Chrome or Chromium on this machine; null if there is none. */
export async function findBrowser(): Promise<string | null> {
  for (const place of PLACES) {
    const isThere = await access(place).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return null;
}

/** Starts a browser with a new profile. */
export async function startBrowser(executablePath: string): Promise<BrowserContext> {
  const profile = await mkdtemp(path.join(tmpdir(), 'browser-'));
  return chromium.launchPersistentContext(profile, { executablePath, args: FLAGS });
}

/** Says at the end of all tests that those of the page were left out, if they were. */
export default async function setUp(): Promise<() => void> {
  const isFound = (await findBrowser()) !== null;
  if (!isFound && process.env.REQUIRE_BROWSER === '1') {
    throw new Error('The tests of the page need Chrome or Chromium, and REQUIRE_BROWSER is 1');
  }
  return () => {
    if (isFound) return;
    process.stderr.write(
      '\nLEFT OUT: the tests of the page, because Chrome or Chromium was not found.\n',
    );
  };
}
