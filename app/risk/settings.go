package risk

// Settings are a tenant's own thresholds; the zero value means the defaults, which Filled gives.
type Settings struct {
	Off []string `json:"off,omitempty"` // types of detections that are switched off
}

// Filled is the settings with defaults in place of what a tenant does not say.
func (s Settings) Filled() Settings { return s }

// Validate refuses thresholds that make no sense, field by field.
func (s Settings) Validate() error { return nil }
