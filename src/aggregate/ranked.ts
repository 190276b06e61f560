/**
 * The number of a rank, without sorting all.
 * @module
 */

/** So few numbers are sorted by insertion. */
const FEW = 12;

/**
 * The number at `rank`, from 0, in the ascending order of `numbers`, none of which may be NaN; they are put in another order.
 * Hoare's selection (Algorithm 65: Find, 1961) with the median of three as pivot: a few steps a number, at worst their square.
 */
export function ranked(numbers: Float64Array, rank: number): number {
  let from = 0;
  let to = numbers.length - 1;
  while (to - from >= FEW) {
    const pivot = middle(numbers[from]!, numbers[(from + to) >> 1]!, numbers[to]!);
    let low = from;
    let high = to;
    while (low <= high) {
      while (numbers[low]! < pivot) low++;
      while (numbers[high]! > pivot) high--;
      if (low > high) break;
      const number = numbers[low]!;
      numbers[low++] = numbers[high]!;
      numbers[high--] = number;
    }
    // Between the two parts at most one number is left, which is the pivot.
    if (rank <= high) to = high;
    else if (rank >= low) from = low;
    else return pivot;
  }
  insertionSort(numbers, from, to);
  return numbers[rank]!;
}

function middle(one: number, other: number, third: number): number {
  return Math.max(Math.min(one, other), Math.min(Math.max(one, other), third));
}

function insertionSort(numbers: Float64Array, from: number, to: number): void {
  for (let index = from + 1; index <= to; index++) {
    const number = numbers[index]!;
    let at = index;
    for (; at > from && numbers[at - 1]! > number; at--) numbers[at] = numbers[at - 1]!;
    numbers[at] = number;
  }
}
