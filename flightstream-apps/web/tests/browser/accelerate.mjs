/** Makes a page's timers and its steady clock run faster than life, so that an hour takes minutes. */
export async function accelerate(context, factor) {
  await context.addInitScript((times) => {
    const { setTimeout, setInterval } = window;
    const now = performance.now.bind(performance);
    window.setTimeout = (task, delay = 0, ...rest) => setTimeout(task, delay / times, ...rest);
    window.setInterval = (task, delay = 0, ...rest) => setInterval(task, delay / times, ...rest);
    performance.now = () => now() * times;
  }, factor);
}

/** Bytes of JavaScript and numbers of nodes that are really in use. */
export async function pageMemory(context, page) {
  const session = await context.newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  const valueOf = (wanted) => metrics.find(({ name }) => name === wanted).value;
  const memory = { heap: valueOf("JSHeapUsedSize"), nodes: valueOf("Nodes"), listeners: valueOf("JSEventListeners") };
  await session.detach();
  return memory;
}
