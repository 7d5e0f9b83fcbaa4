import { api, ok, type ListSource, type Schemas } from "./client";
import type { Role } from "./session";

/** Leaves out what is not set: an empty filter is no filter. */
function set<T extends Record<string, string>>(filter: T): Partial<T> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== "")) as Partial<T>;
}

export interface DirectoryFilter extends Record<string, string> {
  country: string;
  service: string;
}

export const directory = (filter: DirectoryFilter): ListSource<Schemas["DirectoryEntry"]> => ({
  key: ["tenant", "operators", filter],
  size: 200,
  page: (page, signal) =>
    ok(api.GET("/tenant/v1/operators", { params: { query: { ...set(filter), ...page } }, signal })),
});

export const tenantConsents: ListSource<Schemas["Consent"]> = {
  key: ["tenant", "consents"],
  size: 200,
  page: (query, signal) => ok(api.GET("/tenant/v1/consents", { params: { query }, signal })),
};

export const operatorConsents: ListSource<Schemas["Consent"]> = {
  key: ["operator", "consents"],
  size: 200,
  page: (query, signal) => ok(api.GET("/operator/v1/consents", { params: { query }, signal })),
};

export interface NumberFilter extends Record<string, string> {
  prefix: string;
  country: string;
  usage: string;
  status: string;
}

export const numbers = (role: "tenant" | "operator", filter: NumberFilter): ListSource<Schemas["Number"]> => ({
  key: [role, "numbers", filter],
  size: 1_000,
  page: (page, signal) =>
    ok(api.GET(`/${role}/v1/numbers`, { params: { query: { ...set(filter), ...page } }, signal })),
});

export interface CallFilter extends Record<string, string> {
  kind: string;
}

export const calls = (role: Role, filter: CallFilter): ListSource<Schemas["CallRecord"]> => ({
  key: [role, "calls", filter],
  size: 100,
  page: (page, signal) =>
    ok(api.GET(`/${role}/v1/calls`, { params: { query: { ...set(filter), ...page } }, signal })),
});

export const users: ListSource<Schemas["User"]> = {
  key: ["tenant", "users"],
  size: 200,
  page: (query, signal) => ok(api.GET("/tenant/v1/users", { params: { query }, signal })),
};

export const resourceAccounts: ListSource<Schemas["ResourceAccount"]> = {
  key: ["tenant", "resource-accounts"],
  size: 200,
  page: (query, signal) => ok(api.GET("/tenant/v1/resource-accounts", { params: { query }, signal })),
};

export const civicAddresses: ListSource<Schemas["CivicAddress"]> = {
  key: ["tenant", "civic-addresses"],
  size: 200,
  page: (query, signal) => ok(api.GET("/tenant/v1/civic-addresses", { params: { query }, signal })),
};


export const operators: ListSource<Schemas["Operator"]> = {
  key: ["programme", "operators"],
  size: 200,
  page: (query, signal) => ok(api.GET("/programme/v1/operators", { params: { query }, signal })),
};

export const tenants: ListSource<Schemas["Tenant"]> = {
  key: ["programme", "tenants"],
  size: 200,
  page: (query, signal) => ok(api.GET("/programme/v1/tenants", { params: { query }, signal })),
};

export const orders: ListSource<Schemas["NumberOrder"]> = {
  key: ["operator", "number-orders"],
  size: 100,
  page: (query, signal) => ok(api.GET("/operator/v1/number-orders", { params: { query }, signal })),
};

export const orderEntries = (order_id: string): ListSource<Schemas["NumberOrderEntry"]> => ({
  key: ["operator", "number-orders", order_id, "entries"],
  size: 1_000,
  page: (query, signal) =>
    ok(
      api.GET("/operator/v1/number-orders/{order_id}/entries", { params: { path: { order_id }, query }, signal }),
    ),
});
