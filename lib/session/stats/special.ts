/** The normal and Student's distribution, to about 12 digits. */

const SMALLEST = 1e-300;
const PRECISION = 1e-16;

/**
 * The probability that a standard normal number is at most `x`. Near 0 by its power series, in the tails by Laplace's
 * continued fraction, so that small probabilities keep their digits (Marsaglia, 2004).
 */
export function normalCdf(x: number): number {
  if (Math.abs(x) > 40) return x > 0 ? 1 : 0;
  const density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 3) {
    let [term, sum] = [x, x];
    for (let k = 3; Math.abs(term) > PRECISION * Math.abs(sum); k += 2) {
      term *= x * x / k;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = Math.abs(x);
  for (let k = 100; k >= 1; k--) fraction = Math.abs(x) + k / fraction;
  return x < 0 ? density / fraction : 1 - density / fraction;
}

/** The number that a standard normal one does not exceed with this probability, which is between 0 and 1. */
export function normalQuantile(probability: number): number {
  return quantileBy(normalCdf, probability);
}

/** The probability that one of Student's numbers is at most `x`; `freedom` (degrees of freedom) need not be whole. */
export function studentCdf(x: number, freedom: number): number {
  const tail = incompleteBeta(freedom / (freedom + x * x), freedom / 2, 0.5) / 2;
  return x < 0 ? tail : 1 - tail;
}

/** The number that one of Student's does not exceed with this probability, which is between 0 and 1. */
export function studentQuantile(probability: number, freedom: number): number {
  return quantileBy((x) => studentCdf(x, freedom), probability);
}

/** The inverse of a symmetric distribution, by bisection of its lower half, where probabilities keep their digits. */
function quantileBy(cdf: (x: number) => number, probability: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`Cannot tell the quantile ${probability}: give a probability in (0, 1)`);
  }
  if (probability > 0.5) return -quantileBy(cdf, 1 - probability);
  let [low, high] = [-1, 0];
  while (cdf(low) > probability) [low, high] = [low * 2, low];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised incomplete beta function, by its continued fraction (Lentz; DLMF 8.17.22). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  let [fraction, c, d] = [1, 1, 0];
  for (let i = 0; i < 300; i++) {
    const half = i >> 1;
    const numerator = i === 0
      ? 1
      : i % 2 === 0
      ? half * (b - half) * x / ((a + i - 1) * (a + i))
      : -(a + half) * (a + b + half) * x / ((a + i - 1) * (a + i));
    d = 1 / awayFromZero(1 + numerator * d);
    c = awayFromZero(1 + numerator / c);
    fraction *= c * d;
    if (Math.abs(1 - c * d) < PRECISION) break;
  }
  return front * (fraction - 1) / a;
}

function awayFromZero(x: number): number {
  return Math.abs(x) < SMALLEST ? SMALLEST : x;
}

/** The logarithm of the gamma function for a positive number: Stirling's series, reached by recurrence. */
function logGamma(x: number): number {
  let [shifted, product] = [x, 1];
  while (shifted < 12) product *= shifted++;
  const inverse = 1 / (shifted * shifted);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / shifted;
  return (shifted - 0.5) * Math.log(shifted) - shifted + Math.log(2 * Math.PI) / 2 + series -
    Math.log(product);
}
