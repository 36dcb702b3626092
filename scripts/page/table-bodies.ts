import { render, type TemplateResult } from 'lit-html';

/** A row of a table: what tells it from the others, what its cells depend on, and its cells. */
export type Row = { key: string; inputs: unknown[]; renderCells: () => TemplateResult };

/** Rows of one body. A browser skips a body that is out of sight as a whole. */
const ROWS_OF_BODY = 25;

/**
 * Creates the bodies of a long table. Its rows are moved as they are: only a row of which an input
 * has changed is rendered anew.
 */
export function createBodies(): (rows: Row[]) => HTMLElement[] {
  const kept = new Map<string, { element: HTMLElement; inputs: unknown[] }>();
  const bodies: HTMLElement[] = [];

  const elementOf = ({ key, inputs, renderCells }: Row): HTMLElement => {
    const before = kept.get(key);
    const isSame =
      before?.inputs.length === inputs.length &&
      before.inputs.every((input, i) => input === inputs[i]);
    const element = before?.element ?? createPart('tr', 'row');
    if (!isSame) {
      render(renderCells(), element);
      kept.set(key, { element, inputs });
    }
    return element;
  };

  return (rows) => {
    const elements = rows.map(elementOf);
    const count = Math.ceil(elements.length / ROWS_OF_BODY);
    while (bodies.length < count) bodies.push(createPart('tbody', 'rowgroup'));
    return bodies.slice(0, count).map((body, i) => {
      const wanted = elements.slice(i * ROWS_OF_BODY, (i + 1) * ROWS_OF_BODY);
      const isSame =
        body.children.length === wanted.length &&
        wanted.every((element, j) => element === body.children[j]);
      // A row that is put where it was would lose the keyboard.
      if (!isSame) body.replaceChildren(...wanted);
      return body;
    });
  };
}

function createPart(tag: 'tr' | 'tbody', role: string): HTMLElement {
  const part = document.createElement(tag);
  part.setAttribute('role', role);
  return part;
}
