import type { Schemas } from "../../api/client";

type Address = Schemas["CivicAddress"];

/** One line for an address: company, street, town, country. */
export function addressLine(address: Address): string {
  const street = [address.house_number, address.street_name].filter(Boolean).join(" ");
  const town = [address.city_or_town, address.postal_or_zip_code].filter(Boolean).join(" ");
  return [address.company_name, street, town, address.country].filter(Boolean).join(", ");
}

/** Every place a number may have as its emergency location. */
export function locationChoices(addresses: Address[]): (readonly [id: string, text: string])[] {
  return addresses.flatMap((address) =>
    address.locations.map((place) => {
      const line = addressLine(address);
      return [place.id, place.is_default ? line : `${line}: ${place.description}`] as const;
    }),
  );
}
