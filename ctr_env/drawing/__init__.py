"""Drawing on images: primitives, contact sheets, videos."""
