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

export interface MailFilter extends Record<string, string> {
  state: string;
  /** A whole one: the server looks for no beginnings. */
  number: string;
}

export const mails = (filter: MailFilter): ListSource<Schemas["Mail"]> => ({
  key: ["tenant", "mails", filter],
  size: 100,
  page: (page, signal) => ok(api.GET("/tenant/v1/mails", { params: { query: { ...set(filter), ...page } }, signal })),
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

export const policies = (kind: string): ListSource<Schemas["Policy"]> => ({
  key: ["tenant", "policies", { kind }],
  size: 200,
  page: (page, signal) =>
    ok(api.GET("/tenant/v1/policies", { params: { query: { ...set({ kind }), ...page } }, signal })),
});

export const policyAssignments: ListSource<Schemas["PolicyAssignment"]> = {
  key: ["tenant", "policy-assignments"],
  size: 200,
  page: (query, signal) => ok(api.GET("/tenant/v1/policy-assignments", { params: { query }, signal })),
};

export const groups: ListSource<Schemas["Group"]> = {
  key: ["tenant", "groups"],
  size: 200,
  page: (query, signal) => ok(api.GET("/tenant/v1/groups", { params: { query }, signal })),
};

export const groupMembers = (group_id: string): ListSource<Schemas["GroupMember"]> => ({
  key: ["tenant", "groups", group_id, "members"],
  size: 200,
  page: (query, signal) =>
    ok(api.GET("/tenant/v1/groups/{group_id}/members", { params: { path: { group_id }, query }, signal })),
});

export const changeFreezes = (role: "tenant" | "programme"): ListSource<Schemas["ChangeFreeze"]> => ({
  key: [role, "change-freezes"],
  size: 200,
  page: (query, signal) => ok(api.GET(`/${role}/v1/change-freezes`, { params: { query }, signal })),
});

export const gateways: ListSource<Schemas["Gateway"]> = {
  key: ["tenant", "gateways"],
  size: 200,
  page: (query, signal) => ok(api.GET("/tenant/v1/gateways", { params: { query }, signal })),
};

/** What stands for the operator of every Direct Routing number, which has none. */
const DIRECT_ROUTING = "d12ec700-0000-8000-8000-000000000001";

export const directNumbers: ListSource<Schemas["Number"]> = {
  key: ["tenant", "numbers", "direct"],
  size: 1_000,
  page: (query, signal) =>
    ok(api.GET("/tenant/v1/numbers", { params: { query: { operator_id: DIRECT_ROUTING, ...query } }, signal })),
};

export interface StockFilter extends Record<string, string> {
  country: string;
  area: string;
  kind: string;
  usage: string;
  pattern: string;
  /** How many that follow one another; empty for single numbers. */
  block: string;
  /** `true`, or nothing. */
  aligned: string;
}

export const shopNumbers = (operator_id: string, filter: StockFilter): ListSource<Schemas["ShopNumber"]> => ({
  key: ["tenant", "shop", operator_id, filter],
  size: 200,
  page: (page, signal) => {
    const { country, block, aligned, ...rest } = filter;
    return ok(
      api.GET("/tenant/v1/shop/{operator_id}/numbers", {
        params: {
          path: { operator_id },
          query: {
            country,
            ...set(rest),
            ...(block && { block: Number(block) }),
            ...(block && aligned && { aligned: true }),
            ...page,
          },
        },
        signal,
      }),
    );
  },
});

export const reservations = (role: "tenant" | "operator", state: string): ListSource<Schemas["Reservation"]> => ({
  key: [role, "reservations", { state }],
  size: 200,
  page: (page, signal) =>
    ok(
      api.GET(`/${role}/v1/reservations`, {
        params: { query: { ...(state && { filter: `state eq ${state}` }), ...page } },
        signal,
      }),
    ),
});

export const leads = (role: "tenant" | "operator"): ListSource<Schemas["Lead"]> => ({
  key: [role, "leads"],
  size: 200,
  page: (query, signal) => ok(api.GET(`/${role}/v1/leads`, { params: { query }, signal })),
});

/** An operator's own stock; what is looked for is the beginning of a number. */
export const stock = (prefix: string, country: string): ListSource<Schemas["Stock"]> => ({
  key: ["operator", "stock", { prefix, country }],
  size: 1_000,
  page: (page, signal) => {
    const terms = [prefix && `number starts ${prefix}`, country && `country eq ${country}`].filter(Boolean);
    return ok(
      api.GET("/operator/v1/stock", {
        params: { query: { ...(terms.length > 0 && { filter: terms.join(" and ") }), ...page } },
        signal,
      }),
    );
  },
});

export const callingProfiles: ListSource<Schemas["CallingProfile"]> = {
  key: ["operator", "calling-profiles"],
  size: 200,
  page: (query, signal) => ok(api.GET("/operator/v1/calling-profiles", { params: { query }, signal })),
};

export const disputes = (role: "operator" | "programme"): ListSource<Schemas["Dispute"]> => ({
  key: [role, "disputes"],
  size: 200,
  page: (query, signal) => ok(api.GET(`/${role}/v1/disputes`, { params: { query }, signal })),
});

export const orderMessages: ListSource<Schemas["OrderMessage"]> = {
  key: ["operator", "order-messages"],
  size: 200,
  page: (query, signal) => ok(api.GET("/operator/v1/order-messages", { params: { query }, signal })),
};

export const notices: ListSource<Schemas["Notice"]> = {
  key: ["programme", "notices"],
  size: 200,
  page: (query, signal) => ok(api.GET("/programme/v1/notices", { params: { query }, signal })),
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

export const orders = (role: "tenant" | "operator"): ListSource<Schemas["NumberOrder"]> => ({
  key: [role, "number-orders"],
  size: 100,
  page: (query, signal) => ok(api.GET(`/${role}/v1/number-orders`, { params: { query }, signal })),
});

export const orderEntries = (role: "tenant" | "operator", order_id: string): ListSource<Schemas["NumberOrderEntry"]> => ({
  key: [role, "number-orders", order_id, "entries"],
  size: 1_000,
  page: (query, signal) =>
    ok(api.GET(`/${role}/v1/number-orders/{order_id}/entries`, { params: { path: { order_id }, query }, signal })),
});
