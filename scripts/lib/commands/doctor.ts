import { plural } from '../core/format.ts';
import { examine, type Finding, renderFinding } from '../doctor/checks.ts';
import { defineCommand } from '../system/command.ts';

export const doctor = defineCommand({
  name: 'doctor',
  summary:
    'Checks everything that a run needs, and says what to do. Writes nothing, costs nothing.',
  flags: {},
  async run(_flags, context) {
    const counts: Record<Finding['state'], number> = { fine: 0, remark: 0, fault: 0 };
    for await (const finding of examine(context)) {
      counts[finding.state]++;
      context.log.info(renderFinding(finding));
    }
    const { fault, remark } = counts;
    const faults = fault === 0 ? 'Nothing would fail' : `${plural(fault, 'thing')} would fail`;
    context.log.info(`\n${faults}, ${plural(remark, 'remark')}`);
    return fault === 0 ? 0 : 1;
  },
});
