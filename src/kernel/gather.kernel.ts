import { States } from "./fold.kernel";
import { Key, MOST_KEY_BYTES } from "./key.kernel";
import { COUNTS, GREATEST, LEAST, NULLS, RESTS, SUMS, VALUES } from "./layout.kernel";
import { Cell } from "./number.kernel";

const ALL: i32 = 7;

export function gather(
  from: i32,
  count: i32,
  keys: usize,
  keyEnds: usize,
  values: usize,
  valueEnds: usize,
  base: i32,
  length: u32,
  limit: u32,
  wants: i32,
): i32 {
  return wants == ALL
    ? Rows.add(from, count, keys, keyEnds, values, valueEnds, base, length, limit, ALL)
    : Rows.add(from, count, keys, keyEnds, values, valueEnds, base, length, limit, wants);
}

class Rows {
  @inline
  static add(
    from: i32,
    count: i32,
    keys: usize,
    keyEnds: usize,
    values: usize,
    valueEnds: usize,
    base: i32,
    length: u32,
    limit: u32,
    wants: i32,
  ): i32 {
    const tagBase = Key.tagBase();
    for (let cell = from; cell < count; cell++) {
      const place = <usize> cell << 2;
      const key = <u32> (load<i32>(keys + place) - base);
      const keySize = <u32> (load<i32>(keyEnds + place) - base) - key;
      const at = <u32> (load<i32>(values + place) - base);
      const behind = <u32> (load<i32>(valueEnds + place) - base);
      const far = <i32> (key > limit) | <i32> (keySize > MOST_KEY_BYTES);
      if (far | <i32> (at > length) | <i32> (behind > length)) return cell;
      const group = Key.group(key, keySize, tagBase);
      if (group < 0) return cell;
      const number = Cell.tenth(at, behind);
      if (number != number) return cell;
      States.add(<usize> group, number, wants);
    }
    return count;
  }
}

export function put(group: i32): bool {
  return false;
}

export function open(group: i32): void {
  store<i32>(group << 2, 0, COUNTS);
  store<i32>(group << 2, 0, NULLS);
  store<f64>(group << 3, NaN, LEAST);
  store<f64>(group << 3, NaN, GREATEST);
  store<f64>(group << 3, 0, SUMS);
  store<f64>(group << 3, 0, RESTS);
}
