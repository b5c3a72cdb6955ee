// Package graph is the management API: directory resources in Graph's paths, property names, OData
// envelope and error object, so that the vendor's own clients work unmodified; and configuration as
// code over the same documents.
//
// Each resource is one file with a table of its properties. $select, $filter, $orderby, the allow-list
// of PATCH, null handling, the refusal of unknown properties and the export all follow from that table.
// The resources stand in one list (API.resources). The tenant always comes from the token.
package graph
