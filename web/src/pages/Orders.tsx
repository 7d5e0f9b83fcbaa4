import { Page } from "../components/Page";
import { Tabs } from "../components/Tabs";
import { Failures } from "./orders/Failures";
import { OrderList } from "./orders/OrderList";
import { PlaceOperatorOrder, PlaceTenantOrder } from "./orders/PlaceOrder";

/** The operator's uploads, releases and updates, each with a result for every number, and what failed in them. */
export function OperatorOrders() {
  return (
    <Page
      title="Orders"
      lead="Your uploads, releases and updates. Open one for each number's result, to try again what failed, or to undo it."
    >
      <Tabs
        label="Orders"
        tabs={[
          {
            name: "orders",
            label: "Orders",
            render: () => (
              <OrderList
                role="operator"
                place={(close, placed) => <PlaceOperatorOrder onClose={close} onPlaced={placed} />}
              />
            ),
          },
          { name: "failed", label: "What failed", render: () => <Failures /> },
        ]}
      />
    </Page>
  );
}

/** What an organisation did to many numbers at once. */
export function TenantOrders() {
  return (
    <Page
      title="Orders"
      lead="Many numbers at once: assigned, taken back, located, tagged. Open one for each number's result, to try again what failed, or to undo it."
    >
      <OrderList role="tenant" place={(close, placed) => <PlaceTenantOrder onClose={close} onPlaced={placed} />} />
    </Page>
  );
}
