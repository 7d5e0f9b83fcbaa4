import type { Schemas } from "../../api/client";

/** A number of an operator's stock, or several that follow one another. */
export type Offered = Schemas["ShopNumber"];

/** What is to be quoted, by its first number. */
export type Basket = ReadonlyMap<string, Offered>;

export const EMPTY: Basket = new Map();

// At most 15 digits: a number of JavaScript holds them.
const digits = (number: string) => Number(number.slice(1));

function overlaps(one: Offered, other: Offered): boolean {
  return digits(one.first) <= digits(other.last) && digits(other.first) <= digits(one.last);
}

/** Puts something in, or takes it out; a number that was in it by another block is in it once. */
export function toggled(basket: Basket, offered: Offered): Basket {
  const there = isIn(basket, offered);
  const next = new Map([...basket].filter(([, other]) => !overlaps(other, offered)));
  if (!there) next.set(offered.first, offered);
  return next;
}

export function isIn(basket: Basket, offered: Offered): boolean {
  return basket.get(offered.first)?.last === offered.last;
}

/** How many numbers are in it. */
export function size(basket: Basket): number {
  return [...basket.values()].reduce((sum, one) => sum + one.count, 0);
}

/** The same in the words of the API: single numbers, and ranges. */
export function asked(basket: Basket): { numbers: string[]; ranges: Schemas["StockRange"][] } {
  const all = [...basket.values()];
  return {
    numbers: all.filter((one) => one.count === 1).map((one) => one.first),
    ranges: all.filter((one) => one.count > 1).map(({ first, last }) => ({ first, last })),
  };
}

/** `+442079460100`, or `+442079460100 to +442079460109`. */
export function span({ first, last, count }: Pick<Offered, "first" | "last" | "count">): string {
  return count === 1 ? first : `${first} to ${last}`;
}
