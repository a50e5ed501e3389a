/** Round steps for an axis from 0 to at least `top`, about `count` of them. */
export function axisSteps(top: number, count = 3): number[] {
  if (!(top > 0)) return [0, 1];
  const rough = top / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * magnitude).find((each) => each >= rough * 0.999)!;
  const steps: number[] = [];
  for (let index = 0; ; index++) {
    steps.push(Number((index * step).toPrecision(12)));
    if (index * step >= top * 0.999) return steps;
  }
}
