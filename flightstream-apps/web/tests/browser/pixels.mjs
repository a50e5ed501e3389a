/** Counts pixels of a PNG that a test on [red, green, blue] accepts, using the browser to decode it. */
export async function countPixels(browser, png, accepts) {
  const page = await browser.newPage();
  try {
    return await page.evaluate(
      async ([base64, source]) => {
        const image = new Image();
        image.src = `data:image/png;base64,${base64}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, image.width, image.height);
        const test = new Function(`return ${source}`)();
        let count = 0;
        for (let i = 0; i < data.length; i += 4) if (test([data[i], data[i + 1], data[i + 2]])) count++;
        return count;
      },
      [png.toString("base64"), accepts.toString()],
    );
  } finally {
    await page.close();
  }
}
