import { readFileSync } from 'node:fs';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Runs the files first that start git and other programs. To start a program, the system copies the
 * page tables of this process: that takes 1 ms in a new one and 20 ms in one that has grown to 300 MB,
 * as it does in the other files. Within both groups, long files come first.
 */
export class ProgramsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(startsPrograms), ...sorted.filter((file) => !startsPrograms(file))];
  }
}

function startsPrograms({ moduleId }: TestSpecification): boolean {
  return /helpers\/(repository|process|workflow)\.ts'/.test(readFileSync(moduleId, 'utf8'));
}
