import { useEffect, useState } from "react";

import { useList } from "../api/client";
import { tenantConsents } from "../api/lists";
import { Link, navigate } from "../app/router";
import { Page } from "../components/Page";
import { Tabs } from "../components/Tabs";
import { ReservationList } from "./shop/ReservationList";
import { SearchStock } from "./shop/SearchStock";

/** An operator's storefront: search its stock, ask for a quote, reserve, pay there. */
export default function Shop() {
  const consents = useList(tenantConsents);
  useEffect(() => {
    if (consents.hasMore) consents.more();
  });
  const sellers = consents.rows.filter((consent) => consent.status === "Active");
  const [reserved, setReserved] = useState<string>();
  const name = (operator_id: string) =>
    consents.rows.find((consent) => consent.operator_id === operator_id)?.operator_name ?? operator_id;

  return (
    <Page
      title="Number shop"
      lead="Search what an operator has in stock, get a quote, and reserve. You pay at the operator; the numbers then come into your inventory."
      error={consents.error}
      loading={consents.isLoading}
    >
      <Tabs
        label="Number shop"
        tabs={[
          {
            name: "search",
            label: "Search",
            render: () =>
              sellers.length === 0 ? (
                <p>
                  Numbers are sold to organisations with an active consent. <Link href="/directory">Choose an operator</Link>{" "}
                  first.
                </p>
              ) : (
                <SearchStock
                  sellers={sellers}
                  onReserved={(reservation) => {
                    setReserved(reservation.id);
                    navigate("?tab=reservations", { replace: true });
                  }}
                />
              ),
          },
          {
            name: "reservations",
            label: "Reservations",
            render: () => (
              <ReservationList
                role="tenant"
                partner={{ header: "Operator", name: (row) => name(row.operator_id) }}
                empty="Nothing was reserved yet. Search an operator's stock and ask for a quote."
                openFirst={reserved}
                onOpenedFirst={() => setReserved(undefined)}
              />
            ),
          },
        ]}
      />
    </Page>
  );
}
