//! What travels in datagrams: RTP, RTCP, telephone events.
