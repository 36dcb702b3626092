const SHOWN_MS = 5000;

// It stays in the page, so that screen readers notice its text. It floats, so that nothing moves.
const element = document.createElement('p');
element.className = 'notice';
element.setAttribute('role', 'status');
document.body.append(element);
let timer: ReturnType<typeof setTimeout> | undefined;

/** Says what was done, for a few seconds. */
export function notify(text: string): void {
  element.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    element.textContent = '';
  }, SHOWN_MS);
}

/** Lets the browser save a file, and says so. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  notify(`${name} is saved.`);
}
