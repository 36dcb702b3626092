import { type Command, parseFlags, runCommand } from './lib/command.ts';
import { examine, type Finding, renderFinding } from './lib/doctor.ts';
import { plural } from './lib/format.ts';

const doctor: Command = async (args, context) => {
  const summary =
    'Checks all that a run needs, and says what to do. Writes nothing, costs nothing.';
  if (parseFlags('doctor', summary, {}, args, context.log) === null) return 0;
  const counts: Record<Finding['state'], number> = { fine: 0, remark: 0, fault: 0 };
  for await (const finding of examine(context)) {
    counts[finding.state]++;
    context.log.info(renderFinding(finding));
  }
  const { fault, remark } = counts;
  const faults = fault === 0 ? 'Nothing would fail' : `${plural(fault, 'thing')} would fail`;
  context.log.info(`\n${faults}, ${plural(remark, 'remark')}`);
  return fault === 0 ? 0 : 1;
};

await runCommand(doctor);
