// A mapping as one text: an account may have tens of thousands, and every thread gets a copy of each
// when it changes. A text costs a tenth of the objects that it stands for. Any thread; pure. Subjects
// in it are byte views.
//
//   mapping = source " " destinations           a source has no blanks (SU-01)
//   destinations = "[" subject "," weight *( "," subject "," weight ) "]"      JSON; may be empty
import { type MappingDestination, subjectFromText } from "@weft/subjects";

/** `source` is a valid subject; texts, not byte views. */
export function mappingText(source: string, destinations: readonly MappingDestination[]): string {
  const flat: (string | number)[] = [];
  for (const { subject, weight } of destinations) flat.push(subjectFromText(subject), weight);
  return `${subjectFromText(source)} ${JSON.stringify(flat)}`;
}

export function sourceOf(text: string): string {
  return text.slice(0, text.indexOf(" "));
}

/** In order; weights in percent. */
export function destinationsOf(text: string): readonly MappingDestination[] {
  const flat = JSON.parse(text.slice(text.indexOf(" ") + 1)) as (string | number)[];
  const destinations: MappingDestination[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    destinations.push({ subject: flat[at] as string, weight: flat[at + 1] as number });
  }
  return destinations;
}
