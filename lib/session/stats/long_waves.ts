/** The noise of a series at low frequencies, which is what a trend has to stand out from. */

/**
 * The variance that the slow movements of a series would give to a slope's numerator, per unit of Σ(t-t̄)²: the mean
 * square of the series' projections on the orthonormal polynomials of degree 2 to `count` + 1 (the slope itself is the
 * one of degree 1). A series-based estimate of the long-run variance, with which the slope is Student's with `count`
 * degrees of freedom whatever the noise correlates like within the span (Müller, 2007; Sun, 2013). The polynomials
 * are Forsythe's, made for the very times.
 */
export function slowVariance(times: Float64Array, residuals: Float64Array, count: number): number {
  const [first, last] = [times[0]!, times.at(-1)!];
  const x = times.map((time) => last > first ? 2 * (time - first) / (last - first) - 1 : 0);
  let before: Float64Array = new Float64Array(x.length);
  let current: Float64Array = normalised(new Float64Array(x.length).fill(1));
  let sum = 0;
  for (let degree = 1; degree <= count + 1; degree++) {
    const next = x.map((at, i) => at * current[i]!);
    // Twice, since once leaves rounding errors that grow with the degree.
    for (let pass = 0; pass < 2; pass++) {
      takeOff(next, current);
      takeOff(next, before);
    }
    [before, current] = [current, normalised(next)];
    if (degree >= 2) sum += dot(current, residuals) ** 2;
  }
  return sum / count;
}

function takeOff(values: Float64Array, direction: Float64Array): void {
  const share = dot(values, direction);
  for (let i = 0; i < values.length; i++) values[i] = values[i]! - share * direction[i]!;
}

function normalised(values: Float64Array): Float64Array {
  const length = Math.sqrt(dot(values, values));
  return length > 0 ? values.map((value) => value / length) : values;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
