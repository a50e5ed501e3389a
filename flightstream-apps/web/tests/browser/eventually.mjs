const PAUSE_MS = 150;

/** Repeats a check until it stops throwing: the page and the server both move while we look. */
export async function eventually(check, { timeout = 30_000, pause = PAUSE_MS } = {}) {
  const deadline = Date.now() + timeout;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
