import { auditHistory, listHistory, renderFinding } from './lib/audit.ts';
import { type Command, parseFlags, runCommand } from './lib/command.ts';
import { plural } from './lib/format.ts';
import { createProgressBar } from './lib/progress.ts';

const FLAGS = {
  since: { type: 'string', value: 'REV', help: 'Only the commits after this revision.' },
} as const;

const audit: Command = async (args, { root, log, terminal, signal }) => {
  const summary = 'Proves from git’s history that no count of the past was changed.';
  const flags = parseFlags('audit', summary, FLAGS, args, log);
  if (flags === null) return 0;
  const commits = await listHistory(root, flags.since ?? null);
  if (commits.length === 0) {
    log.info(`Nothing to audit: no commit${flags.since ? ' since' : ''} has touched the data`);
    return 0;
  }
  const bar = createProgressBar(commits.length, terminal);
  const show = (done: number, { hash }: { hash: string }) => bar.show(done, hash);
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
    log.info(`${audited}: the past is as it was stored`);
    return 0;
  }
  const guilty = new Set(findings.map(({ commit }) => commit)).size;
  log.info(`${audited}: ${plural(findings.length, 'finding')} in ${plural(guilty, 'commit')}`);
  return 1;
};

await runCommand(audit);
