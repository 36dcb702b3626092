import { plural } from '../core/format.ts';
import { auditHistory, listHistory, renderFinding } from '../history/audit.ts';
import { abbreviate } from '../history/audit-database.ts';
import { defineCommand } from '../system/command.ts';
import { createProgressBar } from '../system/progress-bar.ts';

export const audit = defineCommand({
  name: 'audit',
  summary: 'Proves from git’s history that no past count was changed.',
  flags: {
    since: { type: 'string', value: 'REV', help: 'Only the commits after this revision.' },
  },
  async run({ since }, { root, log, terminal, catchInterruption }) {
    const commits = await listHistory(root, since ?? null);
    if (commits.length === 0) {
      log.info(`Nothing to audit: no commit${since ? ` after ${since}` : ''} touches the data`);
      return 0;
    }
    const signal = catchInterruption();
    const bar = createProgressBar(commits.length, terminal);
    const show = (done: number, { hash }: { hash: string }) => bar.show(done, abbreviate(hash));
    const { findings, information } = await auditHistory(root, commits, show, signal).finally(
      bar.end,
    );
    for (const line of information) log.info(line);
    for (const finding of findings) log.error(renderFinding(finding));
    if (signal.aborted) {
      log.error(`${signal.reason}: not all commits were checked`);
      return 1;
    }
    const audited = `Audited ${plural(commits.length, 'commit')}`;
    if (findings.length === 0) {
      log.info(`${audited}: no past count was changed`);
      return 0;
    }
    const affected = new Set(findings.map(({ commit }) => commit)).size;
    log.info(`${audited}: ${plural(findings.length, 'finding')} in ${plural(affected, 'commit')}`);
    return 1;
  },
});
