import { findBrowser } from '../../scripts/lab/browser.ts';

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
