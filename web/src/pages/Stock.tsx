import { useWhole } from "../api/client";
import { operatorConsents } from "../api/lists";
import { Page } from "../components/Page";
import { Tabs } from "../components/Tabs";
import { ReservationList } from "./shop/ReservationList";
import { InStock } from "./stock/InStock";
import { StorefrontForm } from "./stock/StorefrontForm";

/** What the operator sells by its storefront, to whom, and how. */
export default function Stock() {
  const consents = useWhole(operatorConsents);
  return (
    <Page title="Stock" lead="Numbers that your customers may buy here, what they reserved, and how you sell.">
      <Tabs
        label="Stock"
        tabs={[
          { name: "numbers", label: "Numbers", render: () => <InStock /> },
          {
            name: "reservations",
            label: "Reservations",
            render: () => (
              <ReservationList
                role="operator"
                partner={{
                  header: "Customer",
                  name: (row) =>
                    consents.rows.find((consent) => consent.tenant_id === row.tenant_id)?.tenant_name ?? row.tenant_id,
                }}
                empty="Nobody has reserved numbers yet."
              />
            ),
          },
          { name: "storefront", label: "Storefront", render: () => <StorefrontForm /> },
        ]}
      />
    </Page>
  );
}
