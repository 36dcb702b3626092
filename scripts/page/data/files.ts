/** The data can't be shown. The message says why, and what to do. */
export class DataProblem extends Error {
  override name = 'DataProblem';
}

/**
 * A file of the site, unpacked if its name ends with `.gz`.
 * @throws DataProblem if it is missing, can't be fetched or is damaged
 */
export async function fetchFile(path: string, version: string): Promise<Uint8Array<ArrayBuffer>> {
  const address = new URL(`../${path}?v=${version}`, self.location.href);
  // What says the version must be current; everything else is told apart by it.
  const response = await fetch(address, version === '' ? { cache: 'no-cache' } : {}).catch(
    (cause: unknown) => {
      throw new DataProblem(`${path} could not be fetched. Are you online? Then reload the page.`, {
        cause,
      });
    },
  );
  if (response.status === 404) {
    throw new DataProblem(`${path} is missing from this site. Build and publish the site again.`);
  }
  if (!response.ok || response.body === null) {
    throw new DataProblem(
      `${path} could not be fetched (HTTP ${response.status}). Try again later.`,
    );
  }
  const stream = path.endsWith('.gz')
    ? response.body.pipeThrough(new DecompressionStream('gzip'))
    : response.body;
  try {
    return new Uint8Array(await new globalThis.Response(stream).arrayBuffer());
  } catch (cause) {
    throw damaged(path, cause);
  }
}

/** The problem of a file whose content makes no sense. */
export function damaged(path: string, cause?: unknown): DataProblem {
  return new DataProblem(
    `${path} is damaged or was cut short on its way. Reload the page. If that does not help, ` +
      'build and publish the site again.',
    { cause },
  );
}
