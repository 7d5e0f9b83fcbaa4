import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import createClient, { type Middleware } from "openapi-fetch";
import { useEffect } from "react";

import { Problem } from "./problem";
import type { components, paths } from "./schema";
import { CSRF } from "./session";

export type Schemas = components["schemas"];

const csrf: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET") {
      for (const [name, value] of Object.entries(CSRF)) request.headers.set(name, value);
    }
    return request;
  },
};

export const api = createClient<paths, "application/json">({
  baseUrl: typeof location === "undefined" ? "" : location.origin,
  // Lists can answer as CSV as well.
  headers: { Accept: "application/json" },
  // Looked up at each call, so that a test may put its own in place.
  fetch: (request) => globalThis.fetch(request),
});
api.use(csrf);

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The document of an answer, or a Problem thrown with the server's own words. */
export async function ok<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const answer = await call.catch((error: unknown) => {
    throw Problem.wrap(error);
  });
  if (!answer.response.ok) throw Problem.from(answer.error, answer.response.status);
  return answer.data as Data;
}

/** The same, where not being there is an answer and no refusal. */
export async function orNone<Data>(call: Promise<Answer<Data>>): Promise<Data | null> {
  try {
    return await ok(call);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

type CsvPath = {
  [Path in keyof paths]: paths[Path] extends {
    post: { requestBody: { content: { "text/csv": string } }; responses: { 202: { content: { "application/json": unknown } } } };
  }
    ? Path
    : never;
}[keyof paths];

/** Places an order of a file's rows; what is empty is left out. */
export async function postCsv(path: CsvPath, query: Record<string, string>, text: string): Promise<Schemas["NumberOrder"]> {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  const response = await globalThis
    .fetch(`${path}?${new URLSearchParams(given)}`, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "text/csv", ...CSRF },
      body: text,
    })
    .catch((error: unknown) => {
      throw Problem.wrap(error);
    });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw Problem.from(body, response.status);
  return body as Schemas["NumberOrder"];
}

/** The ETag of a version, as `If-Match` wants it. */
export function ifMatch(version: number) {
  return { "If-Match": `"${version}"` };
}

export interface ListPage<Item> {
  items: Item[];
  next_cursor?: string | null;
}

export interface ListSource<Item> {
  key: readonly unknown[];
  /** Items a request; few where the list is asked again and again. */
  size: number;
  page: (query: { cursor?: string; limit: number }, signal?: AbortSignal) => Promise<ListPage<Item>>;
}

/** A list of the API, page after page as the reader needs them. */
export function useList<Item>(source: ListSource<Item>, options: { everyMs?: number } = {}) {
  const query = useInfiniteQuery({
    queryKey: source.key,
    queryFn: ({ pageParam, signal }) =>
      source.page({ limit: source.size, ...(pageParam && { cursor: pageParam }) }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    // Each page is a request: with more of them loaded, the list is asked less often.
    refetchInterval: (query) =>
      options.everyMs ? options.everyMs * Math.max(1, query.state.data?.pages.length ?? 1) : false,
  });
  return {
    rows: query.data?.pages.flatMap((page) => page.items) ?? [],
    isLoading: query.isPending,
    error: query.error,
    hasMore: query.hasNextPage,
    more: () => {
      // After a refusal the list waits to be asked anew, lest it ask without end.
      if (!query.isFetchingNextPage && !query.isError) void query.fetchNextPage();
    },
  };
}

/** A short list as a whole: page after page without being asked. */
export function useWhole<Item>(source: ListSource<Item>) {
  const list = useList(source);
  useEffect(() => {
    if (list.hasMore) list.more();
  });
  return list;
}

/** The most items the API gives in one answer. */
const LARGEST = 1_000;

/** Every item of a list, for an export: pages until the server says there are no more. */
export async function everything<Item>(source: ListSource<Item>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await source.page({ limit: LARGEST, ...(cursor && { cursor }) });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}
