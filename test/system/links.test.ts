import { describe, expect, it } from 'vitest';
import { fileUrl, runUrl } from '../../scripts/lib/system/links.ts';

const GITHUB = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'ada/tracker',
  GITHUB_REF_NAME: 'main',
  GITHUB_RUN_ID: '7',
};

describe('the links', () => {
  it('lead to the run and to a file in the branch', () => {
    expect(runUrl(GITHUB)).toBe('https://github.com/ada/tracker/actions/runs/7');
    expect(fileUrl(GITHUB, 'reports/2026-11-22.md')).toBe(
      'https://github.com/ada/tracker/blob/main/reports/2026-11-22.md',
    );
  });

  it('lead to a branch with any name', () => {
    expect(fileUrl({ ...GITHUB, GITHUB_REF_NAME: 'fix/a#1 b' }, 'x.md')).toBe(
      'https://github.com/ada/tracker/blob/fix/a%231%20b/x.md',
    );
  });

  it('do not exist outside GitHub', () => {
    expect([runUrl({}), fileUrl({}, 'x.md')]).toEqual([null, null]);
  });
});
